//! gRPC over an engine's socket: each message bounded in size. Messages are written down in the files of the engines,
//! with the few fields that are read of them.

use std::path::{Path, PathBuf};

use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::engine::{NoContainer, Reason};
use super::http::{ANSWER_MAX, causes};

/// Services at a socket.
#[derive(Debug, Clone)]
pub struct Services {
    channel: Channel,
    engine: &'static str,
    socket: PathBuf,
}

impl Services {
    /// Those of an engine, by its name in the table, at a socket. It is connected to when it is first asked, and again
    /// after the connection broke.
    pub fn new(engine: &'static str, socket: &Path) -> std::io::Result<Services> {
        let path =
            socket.to_str().ok_or_else(|| std::io::Error::other("the path of a socket isn't UTF-8"))?;
        let endpoint = Endpoint::from_shared(format!("unix://{path}")).map_err(std::io::Error::other)?;
        Ok(Services { channel: endpoint.connect_lazy(), engine, socket: socket.to_owned() })
    }

    /// Asks a method, `/package.Service/Method`.
    pub async fn ask<Q, A>(&self, method: &'static str, question: Request<Q>) -> Result<A, NoContainer>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut client = self.client().await?;
        let answer =
            client.unary(question, PathAndQuery::from_static(method), ProstCodec::<Q, A>::default()).await;
        answer.map(tonic::Response::into_inner).map_err(|status| self.refused(&status))
    }

    /// Asks a method that goes on answering.
    pub async fn follow<Q, A>(&self, method: &'static str, question: Q) -> Result<Streaming<A>, NoContainer>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let mut client = self.client().await?;
        let codec = ProstCodec::<Q, A>::default();
        let answer =
            client.server_streaming(Request::new(question), PathAndQuery::from_static(method), codec).await;
        answer.map(tonic::Response::into_inner).map_err(|status| self.refused(&status))
    }

    async fn client(&self) -> Result<Grpc<Channel>, NoContainer> {
        let mut client = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_MAX);
        client.ready().await.map_err(|error| self.trouble(Reason::Unreachable, causes(&error)))?;
        Ok(client)
    }

    /// Some trouble with it, in words.
    pub fn trouble(&self, reason: Reason, cause: impl std::fmt::Display) -> NoContainer {
        let cause = format!("{}: {cause}", self.socket.display());
        NoContainer::Trouble { engine: self.engine, reason, cause }
    }

    /// What a status means: an engine that doesn't have a service has no containers either.
    pub fn refused(&self, status: &Status) -> NoContainer {
        match status.code() {
            Code::NotFound | Code::Unimplemented => NoContainer::Unknown,
            Code::Unavailable => self.trouble(Reason::Unreachable, causes(status)),
            _ => self.trouble(Reason::Wrong, status.message()),
        }
    }
}
