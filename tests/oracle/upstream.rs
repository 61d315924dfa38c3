//! The applications: every endpoint is a port of this process that notes what it gets and answers.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::wire::Message;

/// The header that says which request an arrival belongs to; no table touches it.
pub(crate) const ID: &str = "x-oracle-id";

/// A request as an application got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// `IP:PORT` of the endpoint.
    pub(crate) address: String,
    pub(crate) message: Message,
}

type Arrivals = Arc<Mutex<BTreeMap<u64, Vec<Arrival>>>>;

/// All endpoints.
#[derive(Debug, Default)]
pub(crate) struct Upstreams {
    arrivals: Arrivals,
}

/// Endpoints that several scenes share, by number.
#[derive(Debug)]
pub(crate) struct Pool<'u> {
    upstreams: &'u Upstreams,
    addresses: Vec<String>,
}

// === impl Pool ===

impl<'u> Pool<'u> {
    /// A pool without endpoints.
    pub(crate) const fn new(upstreams: &'u Upstreams) -> Self {
        Self { upstreams, addresses: Vec::new() }
    }

    /// Returns the `IP:PORT` of an endpoint.
    pub(crate) fn address(&mut self, number: usize) -> String {
        while self.addresses.len() <= number {
            self.addresses.push(self.upstreams.open());
        }
        self.addresses[number].clone()
    }
}

// === impl Upstreams ===

impl Upstreams {
    /// Opens one more endpoint and returns its `IP:PORT`.
    pub(crate) fn open(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let arrivals = Arc::clone(&self.arrivals);
        let own = address.clone();
        // The threads end with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (arrivals, address) = (Arc::clone(&arrivals), own.clone());
                std::thread::spawn(move || serve(&stream, &address, &arrivals));
            }
        });
        address
    }

    /// Counts the arrivals of a request so far.
    pub(crate) fn count(&self, id: u64) -> usize {
        self.arrivals.lock().unwrap().get(&id).map_or(0, Vec::len)
    }

    /// Takes the arrivals of a request.
    pub(crate) fn take(&self, id: u64) -> Vec<Arrival> {
        self.arrivals.lock().unwrap().remove(&id).unwrap_or_default()
    }

    /// Returns the number of requests whose arrivals nobody has taken.
    pub(crate) fn left(&self) -> usize {
        self.arrivals.lock().unwrap().len()
    }
}

fn serve(stream: &TcpStream, address: &str, arrivals: &Arrivals) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Ok(Some(message)) = Message::read(&mut reader, |_| false) {
        let id = message.header(ID).and_then(|id| id.parse().ok()).unwrap_or(0);
        let head = message.start.starts_with("HEAD ");
        let arrival = Arrival { address: address.to_owned(), message };
        arrivals.lock().unwrap().entry(id).or_default().push(arrival);
        let mut writer = stream;
        if writer.write_all(answer(id, head).as_bytes()).is_err() {
            return;
        }
    }
}

/// The statuses of applications' answers.
pub(crate) const STATUSES: [u16; 3] = [404, 201, 200];

/// The status of an application's answer to a request.
pub(crate) const fn status(id: u64) -> u16 {
    match id % 5 {
        0 => STATUSES[0],
        1 => STATUSES[1],
        _ => STATUSES[2],
    }
}

/// The header lines of an application's answer, without its length.
pub(crate) fn lines(id: u64) -> Vec<(&'static str, &'static str)> {
    let mut lines = vec![
        ("content-type", "text/html"),
        ("x-app", "one"),
        ("x-app", "two"),
        ("cache-control", "no-store"),
        ("set-cookie", "a=1; Path=/"),
        ("set-cookie", "b=2"),
    ];
    if id.is_multiple_of(2) {
        lines.extend([("via", "app"), ("x-a", "from-app"), ("access-control-allow-origin", "x")]);
    }
    if id.is_multiple_of(3) {
        lines.extend([("vary", "accept"), ("location", "/there"), ("server", "app")]);
    }
    lines
}

fn answer(id: u64, head: bool) -> String {
    let mut text = format!("HTTP/1.1 {} OK\r\n", status(id));
    for (name, value) in lines(id) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = if head { "" } else { "app" };
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", "app".len()));
    text
}
