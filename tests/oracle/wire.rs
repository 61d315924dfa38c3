//! HTTP/1.1 messages as text: just enough for both ends of a proxy.

use std::io::{self, BufRead, Read};

/// A line and headers as they came, with the body behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Request line or status line.
    pub(crate) start: String,
    /// Header lines: lower-case names, trimmed values.
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) body: String,
}

// === impl Message ===

impl Message {
    /// Reads the next message; `None` at the end of the connection.
    ///
    /// `bodyless` tells from the start line that no body follows whatever the headers say.
    pub(crate) fn read(
        reader: &mut impl BufRead,
        bodyless: impl FnOnce(&str) -> bool,
    ) -> io::Result<Option<Self>> {
        let Some(start) = line(reader)? else { return Ok(None) };
        let mut message = Self { start, ..Self::default() };
        loop {
            let text = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if text.is_empty() {
                break;
            }
            let (name, value) = text.split_once(':').unwrap_or((&text, ""));
            message.lines.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if !bodyless(&message.start) {
            message.body = body(reader, &message)?;
        }
        Ok(Some(message))
    }

    /// Returns the value of the first line of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if reader.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn body(reader: &mut impl BufRead, message: &Message) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(length) = message.header("content-length").and_then(|text| text.parse().ok()) {
        bytes.resize(length, 0);
        reader.read_exact(&mut bytes)?;
    } else if message.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let size = u64::from_str_radix(&size, 16).map_err(io::Error::other)?;
            reader.take(size).read_to_end(&mut bytes)?;
            line(reader)?;
            if size == 0 {
                break;
            }
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
