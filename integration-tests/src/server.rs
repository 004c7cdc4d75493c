//! A small HTTP server for the tests: a thread per connection.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::wait_for;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The path.
    pub path: String,
    /// The headers, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The type of the body.
    pub(crate) kind: &'static str,
    pub(crate) body: String,
    /// Seconds until the next attempt: the header `Retry-After`.
    pub(crate) retry_after: Option<u32>,
}

/// What a server does with a request; without an answer the connection is broken off.
pub(crate) type Handler = Arc<dyn Fn(Request) -> Option<Answer> + Send + Sync>;

/// The open connections, by number.
type Connections = Arc<Mutex<HashMap<u64, TcpStream>>>;

/// A server that answers until it is dropped. Its port can be listened on again after that.
pub(crate) struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    connections: Connections,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a port of the loopback address.
    pub(crate) fn start(port: u16, handler: Handler) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let stop = Arc::new(AtomicBool::new(false));
        let connections = Connections::default();
        let (stopped, open) = (stop.clone(), connections.clone());
        let thread = std::thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, open) = (handler.clone(), open.clone());
                let Ok(stream) = stream else { continue };
                let Ok(copy) = stream.try_clone() else { continue };
                lock(&open).insert(number, copy);
                std::thread::spawn(move || {
                    serve(stream, &handler);
                    lock(&open).remove(&number);
                });
            }
        });
        Server { port, stop, connections, thread: Some(thread) }
    }

    /// Waits until all is answered that came from clients that have gone.
    pub(crate) fn settle(&self) {
        // Connections are taken in the order they were made in, and what isn't a request is ended.
        if let Ok(mut last) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = last.write_all(b"\r\n").and_then(|()| last.read_to_end(&mut Vec::new()));
        }
        let done = || lock(&self.connections).is_empty().then_some(());
        wait_for("connections to end", done, String::new);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The listener sees the flag with the next connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        for stream in lock(&self.connections).values() {
            // Where the other side was faster, there is nothing left to break off.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock(connections: &Connections) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of a connection; what isn't one ends it, as a client that has gone would.
fn serve(stream: TcpStream, handler: &Handler) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    while let Some((request, last)) = read(&mut reader) {
        let Some(answer) = handler(request) else {
            return writer.shutdown(Shutdown::Both).ok();
        };
        let retry = answer.retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n"));
        let close = if last { "Connection: close\r\n" } else { "" };
        let text = format!(
            "HTTP/1.1 {} Status\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{close}\r\n{}",
            answer.status,
            answer.kind,
            answer.body.len(),
            retry.unwrap_or_default(),
            answer.body
        );
        writer.write_all(text.as_bytes()).ok()?;
        if last {
            break;
        }
    }
    // The copy that is kept of it would hold it open.
    writer.shutdown(Shutdown::Both).ok()
}

/// The next request, and whether the client wants no other answer on this connection.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(Request, bool)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let path = words.nth(1)?.to_owned();
    let old = words.next() == Some("HTTP/1.0");
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { path, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body).ok()?;
    let last = old || request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Some((request, last))
}
