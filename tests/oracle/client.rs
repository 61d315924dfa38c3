//! The client: one connection to one listener, one request after the other.

use std::io::{self, BufReader, Write};
use std::net::SocketAddrV4;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::scene::Asked;
use crate::wire::Message;

/// The address that the proxy takes for that of the client.
pub(crate) const CLIENT: &str = "203.0.113.1";
const CLIENT_PORT: u16 = 40_000;
/// A proxy that answers nothing fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of one listener; dials again when the proxy closes.
#[derive(Debug)]
pub(crate) struct Client {
    socket: PathBuf,
    dialled: SocketAddrV4,
    connection: Option<BufReader<UnixStream>>,
}

// === impl Client ===

impl Client {
    /// A client of the listener at `socket`, which believes that `dialled` was dialled.
    pub(crate) fn new(socket: &Path, dialled: SocketAddrV4) -> Self {
        Self { socket: socket.to_owned(), dialled, connection: None }
    }

    /// Sends a request and waits for the answer.
    pub(crate) fn ask(&mut self, asked: &Asked, id: u64) -> io::Result<Message> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.dial()?,
        };
        connection.get_mut().write_all(asked.wire(id).as_bytes())?;
        let no_body = |start: &str| {
            let status = start.split(' ').nth(1).unwrap_or_default();
            asked.method == "HEAD" || matches!(status, "204" | "304")
        };
        let answer =
            Message::read(&mut connection, no_body)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    fn dial(&self) -> io::Result<BufReader<UnixStream>> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // A PROXY protocol line gives the connection addresses, which a local socket has not.
        let (ip, port) = (self.dialled.ip(), self.dialled.port());
        write!(stream, "PROXY TCP4 {CLIENT} {ip} {CLIENT_PORT} {port}\r\n")?;
        Ok(BufReader::new(stream))
    }
}
