//! Frames: one JSON message after another over a stream, each with its length and checksum.
//!
//! On the wire: `u32` length of the payload, `u32` CRC-32 of the payload (both little endian), payload.

use std::{
    io::{ErrorKind, Read, Write},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::ProcessError;

/// The largest payload, in bytes.
pub const MAX_PAYLOAD: usize = 16 << 20;

const HEADER: usize = 8;

/// Reads frames from a blocking stream.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
}

impl<R: Read> FrameReader<R> {
    pub fn new(stream: R) -> Self {
        FrameReader { stream }
    }

    /// The next message; `None` once the other side has closed the stream between two frames.
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ProcessError> {
        match self.payload()? {
            Some(payload) => decode(&payload).map(Some),
            None => Ok(None),
        }
    }

    fn payload(&mut self) -> Result<Option<Vec<u8>>, ProcessError> {
        let mut header = [0; HEADER];
        let mut filled = 0;
        while filled < HEADER {
            match self.stream.read(&mut header[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(ProcessError::FrameCut),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ProcessError::FrameRead(error)),
            }
        }
        let header = Header::parse(header)?;
        // The buffer grows with what arrives, not with what the header promises.
        let mut payload = Vec::new();
        let mut limited = (&mut self.stream).take(header.size as u64);
        limited.read_to_end(&mut payload).map_err(ProcessError::FrameRead)?;
        if payload.len() < header.size {
            return Err(ProcessError::FrameCut);
        }
        header.check(&payload)?;
        Ok(Some(payload))
    }
}

/// Writes frames to a blocking stream.
#[derive(Debug)]
pub struct FrameWriter<W> {
    stream: W,
    broken: bool,
}

impl<W: Write> FrameWriter<W> {
    pub fn new(stream: W) -> Self {
        FrameWriter { stream, broken: false }
    }

    pub fn send<T: Serialize>(&mut self, message: &T) -> Result<(), ProcessError> {
        if self.broken {
            return Err(ProcessError::FrameStreamBroken);
        }
        let frame = encode(message)?;
        self.broken = true;
        self.stream.write_all(&frame).map_err(ProcessError::FrameWrite)?;
        self.stream.flush().map_err(ProcessError::FrameWrite)?;
        self.broken = false;
        Ok(())
    }
}

/// Reads frames from an asynchronous stream.
#[derive(Debug)]
pub struct AsyncFrameReader<R> {
    stream: R,
    /// Bytes that arrived and are not yet given out, so that a dropped `recv` loses nothing.
    arrived: BytesMut,
}

impl<R: AsyncRead + Unpin> AsyncFrameReader<R> {
    pub fn new(stream: R) -> Self {
        AsyncFrameReader { stream, arrived: BytesMut::new() }
    }

    /// The next message; `None` once the other side has closed the stream between two frames. Cancel safe.
    pub async fn recv<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ProcessError> {
        match self.payload().await? {
            Some(payload) => decode(&payload).map(Some),
            None => Ok(None),
        }
    }

    /// The next message, or [`ProcessError::Silent`] when none is whole within `patience`: the watchdog of a process
    /// that promised to be heard from more often than that.
    pub async fn recv_within<T: DeserializeOwned>(
        &mut self,
        patience: Duration,
    ) -> Result<Option<T>, ProcessError> {
        match tokio::time::timeout(patience, self.recv()).await {
            Ok(received) => received,
            Err(_) => Err(ProcessError::Silent { after: patience }),
        }
    }

    async fn payload(&mut self) -> Result<Option<BytesMut>, ProcessError> {
        if !self.fill(HEADER).await? {
            return if self.arrived.is_empty() { Ok(None) } else { Err(ProcessError::FrameCut) };
        }
        let mut bytes = [0; HEADER];
        bytes.copy_from_slice(&self.arrived[..HEADER]);
        let header = Header::parse(bytes)?;
        if !self.fill(HEADER + header.size).await? {
            return Err(ProcessError::FrameCut);
        }
        self.arrived.advance(HEADER);
        let payload = self.arrived.split_to(header.size);
        header.check(&payload)?;
        Ok(Some(payload))
    }

    /// Reads until `size` bytes have arrived; false when the stream ends before.
    async fn fill(&mut self, size: usize) -> Result<bool, ProcessError> {
        while self.arrived.len() < size {
            let count = self.stream.read_buf(&mut self.arrived).await;
            if count.map_err(ProcessError::FrameRead)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Writes frames to an asynchronous stream.
#[derive(Debug)]
pub struct AsyncFrameWriter<W> {
    stream: W,
    /// True while a frame is on its way: a `send` dropped half-way leaves it set.
    broken: bool,
}

impl<W: AsyncWrite + Unpin> AsyncFrameWriter<W> {
    pub fn new(stream: W) -> Self {
        AsyncFrameWriter { stream, broken: false }
    }

    /// Sends one message. Not cancel safe: after a dropped `send` every other one is refused.
    pub async fn send<T: Serialize>(&mut self, message: &T) -> Result<(), ProcessError> {
        if self.broken {
            return Err(ProcessError::FrameStreamBroken);
        }
        let frame = encode(message)?;
        self.broken = true;
        self.stream.write_all(&frame).await.map_err(ProcessError::FrameWrite)?;
        self.stream.flush().await.map_err(ProcessError::FrameWrite)?;
        self.broken = false;
        Ok(())
    }

    /// Sends one message, or gives the stream up with [`ProcessError::NotReading`] when it is not taken in time.
    pub async fn send_within<T: Serialize>(
        &mut self,
        message: &T,
        patience: Duration,
    ) -> Result<(), ProcessError> {
        match tokio::time::timeout(patience, self.send(message)).await {
            Ok(sent) => sent,
            Err(_) => Err(ProcessError::NotReading { after: patience }),
        }
    }
}

#[derive(Debug)]
struct Header {
    size: usize,
    checksum: u32,
}

impl Header {
    fn parse(bytes: [u8; HEADER]) -> Result<Header, ProcessError> {
        let [a, b, c, d, checksum @ ..] = bytes;
        let size = u32::from_le_bytes([a, b, c, d]) as usize;
        if size > MAX_PAYLOAD {
            return Err(too_large(size));
        }
        Ok(Header { size, checksum: u32::from_le_bytes(checksum) })
    }

    fn check(&self, payload: &[u8]) -> Result<(), ProcessError> {
        if crc32fast::hash(payload) == self.checksum {
            Ok(())
        } else {
            Err(ProcessError::FrameChecksum { size: self.size })
        }
    }
}

fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, ProcessError> {
    let mut frame = vec![0; HEADER];
    serde_json::to_writer(&mut frame, message).map_err(ProcessError::FrameEncode)?;
    let payload = &frame[HEADER..];
    let too_large = || too_large(payload.len());
    let size = u32::try_from(payload.len()).map_err(|_overflow| too_large())?;
    if payload.len() > MAX_PAYLOAD {
        return Err(too_large());
    }
    let checksum = crc32fast::hash(payload);
    frame[..4].copy_from_slice(&size.to_le_bytes());
    frame[4..HEADER].copy_from_slice(&checksum.to_le_bytes());
    Ok(frame)
}

fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, ProcessError> {
    serde_json::from_slice(payload)
        .map_err(|source| ProcessError::FrameDecode { size: payload.len(), source })
}

fn too_large(size: usize) -> ProcessError {
    ProcessError::FrameTooLarge { size: size as u64, limit: MAX_PAYLOAD as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream_of(messages: &[&str]) -> Vec<u8> {
        let mut writer = FrameWriter::new(Vec::new());
        for message in messages {
            writer.send(message).unwrap();
        }
        writer.stream
    }

    fn read_blocking(mut bytes: &[u8]) -> (Vec<String>, Option<ProcessError>) {
        let mut reader = FrameReader::new(&mut bytes);
        let mut messages = Vec::new();
        loop {
            match reader.recv() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => return (messages, None),
                Err(error) => return (messages, Some(error)),
            }
        }
    }

    async fn read_async(bytes: &[u8]) -> (Vec<String>, Option<ProcessError>) {
        let mut reader = AsyncFrameReader::new(bytes);
        let mut messages = Vec::new();
        loop {
            match reader.recv().await {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => return (messages, None),
                Err(error) => return (messages, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn both_readers_return_what_the_writer_sent() {
        let bytes = stream_of(&["one", "", "three"]);
        for (messages, error) in [read_blocking(&bytes), read_async(&bytes).await] {
            assert_eq!(messages, ["one", "", "three"]);
            assert!(error.is_none(), "{error:?}");
        }
    }

    #[tokio::test]
    async fn the_asynchronous_writer_writes_the_same_bytes() {
        let mut writer = AsyncFrameWriter::new(Vec::new());
        writer.send(&"one").await.unwrap();
        writer.send(&"two").await.unwrap();
        assert_eq!(writer.stream, stream_of(&["one", "two"]));
    }

    #[tokio::test]
    async fn a_stream_cut_inside_a_frame_is_told_from_a_closed_one() {
        let bytes = stream_of(&["one", "two"]);
        let first = stream_of(&["one"]).len();
        for length in 0..=bytes.len() {
            let whole = usize::from(length >= first) + usize::from(length == bytes.len());
            let at_border = length == 0 || length == first || length == bytes.len();
            for (messages, error) in
                [read_blocking(&bytes[..length]), read_async(&bytes[..length]).await]
            {
                assert_eq!(messages.len(), whole, "cut at {length}");
                match error {
                    None => assert!(at_border, "cut at {length}"),
                    Some(error) => {
                        assert!(
                            matches!(error, ProcessError::FrameCut),
                            "cut at {length}: {error}"
                        );
                        assert!(!at_border, "cut at {length}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn a_changed_bit_in_the_payload_is_refused() {
        let good = stream_of(&["a message"]);
        for bit in HEADER * 8..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            for (messages, error) in [read_blocking(&bytes), read_async(&bytes).await] {
                assert_eq!(messages, [""; 0]);
                assert!(matches!(error, Some(ProcessError::FrameChecksum { .. })), "bit {bit}");
            }
        }
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_refused_before_anything_is_read() {
        let mut bytes = vec![0xff; HEADER];
        bytes.extend_from_slice(b"payload");
        for (_, error) in [read_blocking(&bytes), read_async(&bytes).await] {
            let Some(ProcessError::FrameTooLarge { size, limit }) = error else {
                panic!("{error:?}")
            };
            assert_eq!((size, limit), (u64::from(u32::MAX), 16 << 20));
        }
    }

    #[test]
    fn a_message_over_the_limit_is_not_sent_and_the_stream_stays_usable() {
        let mut writer = FrameWriter::new(Vec::new());
        let error = writer.send(&"x".repeat(MAX_PAYLOAD)).unwrap_err();
        assert!(matches!(error, ProcessError::FrameTooLarge { .. }), "{error}");
        writer.send(&"small").unwrap();
        assert_eq!(writer.stream, stream_of(&["small"]));
    }

    #[test]
    fn another_message_than_the_one_expected_is_named() {
        let bytes = stream_of(&["text"]);
        let error = FrameReader::new(&bytes[..]).recv::<u32>().unwrap_err();
        assert!(matches!(error, ProcessError::FrameDecode { size: 6, .. }), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_an_error_after_the_stated_time_and_loses_nothing() {
        let (mut far, near) = tokio::io::duplex(64);
        let mut reader = AsyncFrameReader::new(near);
        let patience = Duration::from_secs(3);
        let frame = stream_of(&["late"]);

        far.write_all(&frame[..5]).await.unwrap();
        let error = reader.recv_within::<String>(patience).await.unwrap_err();
        assert!(matches!(error, ProcessError::Silent { after } if after == patience), "{error}");

        far.write_all(&frame[5..]).await.unwrap();
        assert_eq!(reader.recv_within::<String>(patience).await.unwrap().as_deref(), Some("late"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_is_not_taken_in_time_ends_the_stream() {
        let (near, _far) = tokio::io::duplex(16);
        let mut writer = AsyncFrameWriter::new(near);
        let patience = Duration::from_secs(3);
        let error = writer.send_within(&"x".repeat(100), patience).await.unwrap_err();
        assert!(matches!(error, ProcessError::NotReading { .. }), "{error}");
        let error = writer.send(&"next").await.unwrap_err();
        assert!(matches!(error, ProcessError::FrameStreamBroken), "{error}");
    }
}
