//! Small servers that answer as they are told: HTTP, which keeps what it was asked, and SMTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// All of it, as a receiver might quote it in an answer.
    pub fn quoted(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value} ")).collect();
        format!("{} {headers}", self.line)
    }
}

/// An answer: its status line without the version, more headers, its body.
pub type Answer = (&'static str, &'static str, String);

pub struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (requests.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (kept.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut buffer = Vec::new();
                    while let Some(request) = read(&mut stream, &mut buffer).await {
                        kept.lock().unwrap().push(request.clone());
                        let (status, headers, body) = answer(&request);
                        let head =
                            format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
                        stream.write_all((head + &body).as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Server { address, requests }
    }

    /// What it was asked since this was last called.
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let size: usize = headers.get("content-length").map_or(0, |size| size.parse().unwrap());
    while buffer.len() < end + size {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer[end..end + size].to_vec();
    buffer.drain(..end + size);
    Some(Request { line, headers, body })
}

/// An SMTP server without TLS or login that answers RCPT as it is told; its address.
pub async fn smtp(rcpt: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 test\r\n").await.unwrap();
            let (mut line, mut in_data) = (String::new(), false);
            while stream.read_line(&mut line).await.is_ok_and(|size| size > 0) {
                let answer = match line.trim_end() {
                    "." => "250 taken",
                    _ if in_data => "",
                    "DATA" => "354 go on",
                    line if line.starts_with("RCPT") => rcpt,
                    _ => "250 yes",
                };
                in_data = answer == "354 go on" || (in_data && answer.is_empty());
                if !answer.is_empty() && stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                    break;
                }
                line.clear();
            }
        }
    });
    address
}
