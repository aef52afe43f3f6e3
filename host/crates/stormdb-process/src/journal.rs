//! The journal of a run: records appended to a file, durable on demand, whole or not there.
//!
//! On disk, all numbers little endian: a header of 16 bytes (`STORMDBJ`, `u32` format version, `u32` CRC-32 of the 12
//! bytes before), then records: `u32` length of the payload, `u32` checksum of the length, `u32` checksum of the
//! payload, payload (JSON). Each checksum is a CRC-32 that continues the one before it in the file, so a record that
//! is changed, removed or moved does not fit its place. The length has a checksum of its own, so a damaged length is
//! told from a file that was cut.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::StorageError;

/// The version written. Versions up to it are read; the header keeps its layout in all of them.
pub const FORMAT_VERSION: u32 = 1;
/// The largest payload, in bytes.
pub const MAX_PAYLOAD: usize = 16 << 20;

const MAGIC: [u8; 8] = *b"STORMDBJ";
const FILE_HEADER: usize = 16;
const RECORD_HEADER: usize = 12;

/// A journal being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Bytes of whole records and the header.
    length: u64,
    chain: u32,
    stopped: bool,
}

impl Journal {
    /// Creates the file, which must not exist, and makes it durable together with its name.
    pub fn create(path: &Path) -> Result<Self, StorageError> {
        let mut header = [0; FILE_HEADER];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        let chain = crc32fast::hash(&header[..12]);
        header[12..].copy_from_slice(&chain.to_le_bytes());

        let failed = |step| move |source| StorageError::Io { step, path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.append(true).create_new(true).mode(0o600).open(path);
        let mut file = file.map_err(failed("create"))?;
        file.write_all(&header).map_err(failed("write to"))?;
        file.sync_all().map_err(failed("make durable"))?;
        sync_folder_of(path)?;
        Ok(Journal {
            file,
            path: path.to_owned(),
            length: FILE_HEADER as u64,
            chain,
            stopped: false,
        })
    }

    /// Adds a record. It survives the end of this process, and that of the machine after the next [`sync`](Self::sync).
    /// After a failed write the file ends with the record before, and nothing more can be added.
    pub fn append<T: Serialize>(&mut self, payload: &T) -> Result<(), StorageError> {
        if self.stopped {
            return Err(StorageError::Stopped { path: self.path.clone() });
        }
        let (record, chain) = self.encode(payload)?;
        if let Err(source) = self.file.write_all(&record) {
            self.stopped = true;
            // Should this fail as well, a reader finds the torn record at the end and leaves it out.
            if let Err(error) = self.file.set_len(self.length) {
                tracing::warn!(path = %self.path.display(), %error, "cannot remove a partial record");
            }
            return Err(self.failed("write to", source));
        }
        self.length += record.len() as u64;
        self.chain = chain;
        Ok(())
    }

    /// Makes every record added so far durable. After a failure nothing more can be added: the kernel may have dropped
    /// what it could not write.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        if self.stopped {
            return Err(StorageError::Stopped { path: self.path.clone() });
        }
        self.file.sync_data().map_err(|source| {
            self.stopped = true;
            self.failed("make durable", source)
        })
    }

    fn encode<T: Serialize>(&self, payload: &T) -> Result<(Vec<u8>, u32), StorageError> {
        let mut record = vec![0; RECORD_HEADER];
        serde_json::to_writer(&mut record, payload)
            .map_err(|source| StorageError::Encode { path: self.path.clone(), source })?;
        let payload = &record[RECORD_HEADER..];
        let size = payload.len();
        let length = u32::try_from(size).ok().filter(|_| size <= MAX_PAYLOAD);
        let Some(length) = length else {
            let path = self.path.clone();
            return Err(StorageError::RecordTooLarge { path, size, limit: MAX_PAYLOAD });
        };
        let length_check = extend(self.chain, &length.to_le_bytes());
        let chain = extend(length_check, payload);
        record[..4].copy_from_slice(&length.to_le_bytes());
        record[4..8].copy_from_slice(&length_check.to_le_bytes());
        record[8..RECORD_HEADER].copy_from_slice(&chain.to_le_bytes());
        Ok((record, chain))
    }

    fn failed(&self, step: &'static str, source: io::Error) -> StorageError {
        StorageError::Io { step, path: self.path.clone(), source }
    }
}

/// Reads a journal record by record, also while it is being written.
#[derive(Debug)]
pub struct JournalReader {
    file: BufReader<File>,
    path: PathBuf,
    /// Size of the file when it was opened.
    size: u64,
    offset: u64,
    whole: u64,
    chain: u32,
    truncated: Option<u64>,
}

/// A journal read to its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents<T> {
    pub records: Vec<T>,
    /// Bytes after the last whole record: the beginning of one that was never finished.
    pub truncated: Option<u64>,
}

/// Reads every whole record of a journal.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Contents<T>, StorageError> {
    let mut reader = JournalReader::open(path)?;
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    Ok(Contents { records, truncated: reader.truncated() })
}

impl JournalReader {
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let failed = |step| move |source| StorageError::Io { step, path: path.to_owned(), source };
        let file = File::open(path).map_err(failed("open"))?;
        let size = file.metadata().map_err(failed("read the size of"))?.len();
        let mut reader = JournalReader {
            file: BufReader::new(file),
            path: path.to_owned(),
            size,
            offset: 0,
            whole: 0,
            chain: 0,
            truncated: None,
        };
        reader.read_header()?;
        Ok(reader)
    }

    /// The next record; none at the end of the file and at a torn record.
    pub fn next_record<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StorageError> {
        let offset = self.offset;
        let Some(payload) = self.next_payload()? else { return Ok(None) };
        serde_json::from_slice(&payload).map(Some).map_err(|source| StorageError::Undecodable {
            path: self.path.clone(),
            offset,
            source,
        })
    }

    /// Bytes after the last whole record, once [`next_record`](Self::next_record) has returned none.
    pub fn truncated(&self) -> Option<u64> {
        self.truncated
    }

    fn read_header(&mut self) -> Result<(), StorageError> {
        let header: [u8; FILE_HEADER] = self.read_array()?;
        let there = usize::try_from(self.size).unwrap_or(usize::MAX).min(FILE_HEADER);
        let magic = there.min(MAGIC.len());
        if header[..magic] != MAGIC[..magic] {
            return Err(StorageError::NotAJournal { path: self.path.clone() });
        }
        if there < FILE_HEADER {
            // Its writer was ended while creating it.
            self.truncated = Some(self.size);
            return Ok(());
        }
        let [_, _, _, _, _, _, _, _, a, b, c, d, check @ ..] = header;
        self.chain = crc32fast::hash(&header[..12]);
        if self.chain != u32::from_le_bytes(check) {
            return Err(self.damaged("the header fails its checksum"));
        }
        let found = u32::from_le_bytes([a, b, c, d]);
        if found > FORMAT_VERSION {
            let path = self.path.clone();
            return Err(StorageError::NewerFormat { path, found, known: FORMAT_VERSION });
        }
        self.offset = FILE_HEADER as u64;
        Ok(())
    }

    fn next_payload(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        let left = self.size - self.offset;
        if self.truncated.is_some() || left == 0 {
            return Ok(None);
        }
        if left < RECORD_HEADER as u64 {
            return Ok(self.torn(left));
        }
        let [a, b, c, d, e, f, g, h, chain @ ..] = self.read_array::<RECORD_HEADER>()?;
        let length_check = extend(self.chain, &[a, b, c, d]);
        if length_check != u32::from_le_bytes([e, f, g, h]) {
            return Err(self.damaged("the length of a record fails its checksum"));
        }
        let length = u32::from_le_bytes([a, b, c, d]);
        if left - (RECORD_HEADER as u64) < u64::from(length) {
            return Ok(self.torn(left));
        }
        let mut payload = vec![0; length as usize];
        let read = self.file.read_exact(&mut payload);
        read.map_err(|source| self.failed(source))?;
        let found = extend(length_check, &payload);
        if found != u32::from_le_bytes(chain) {
            return Err(self.damaged("a record fails its checksum"));
        }
        self.chain = found;
        self.offset += RECORD_HEADER as u64 + u64::from(length);
        self.whole += 1;
        Ok(Some(payload))
    }

    /// Reads `N` bytes; those past the end of the file are 0.
    fn read_array<const N: usize>(&mut self) -> Result<[u8; N], StorageError> {
        let mut bytes = [0; N];
        let mut filled = 0;
        while filled < N {
            match self.file.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(bytes)
    }

    fn torn(&mut self, bytes: u64) -> Option<Vec<u8>> {
        self.truncated = Some(bytes);
        None
    }

    fn damaged(&self, reason: &'static str) -> StorageError {
        let JournalReader { path, offset, whole, .. } = self;
        StorageError::Damaged { path: path.clone(), offset: *offset, whole: *whole, reason }
    }

    fn failed(&self, source: io::Error) -> StorageError {
        StorageError::Io { step: "read", path: self.path.clone(), source }
    }
}

/// Makes the name of a file or folder durable, which is a matter of the folder it is in.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), StorageError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| StorageError::Io {
        step: "make durable",
        path: folder.to_owned(),
        source,
    })
}

fn extend(chain: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(chain);
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    /// A journal of the given records, as bytes, and the offset at which each of them ends.
    fn journal(records: &[Value]) -> (TempDir, PathBuf, Vec<u8>, Vec<usize>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::create(&path).unwrap();
        let mut ends = Vec::new();
        for record in records {
            journal.append(record).unwrap();
            ends.push(usize::try_from(journal.length).unwrap());
        }
        journal.sync().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        (folder, path, bytes, ends)
    }

    fn three() -> Vec<Value> {
        vec![json!({"band": 1, "tps": 812.5}), json!("interval"), json!({"band": 2, "tps": null})]
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let (_folder, path, bytes, ends) = journal(&three());
        assert_eq!(bytes.len(), ends[2]);
        let contents = read::<Value>(&path).unwrap();
        assert_eq!(contents, Contents { records: three(), truncated: None });
    }

    #[test]
    fn an_existing_journal_is_never_written_over() {
        let (_folder, path, bytes, _) = journal(&three());
        let error = Journal::create(&path).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot create {}", path.display()));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn cut_at_any_byte_the_whole_records_are_there() {
        let (_folder, path, bytes, ends) = journal(&three());
        for length in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let contents = read::<Value>(&path).unwrap();
            let whole = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(contents.records, three()[..whole], "cut at {length}");

            let border = if whole > 0 { ends[whole - 1] } else { FILE_HEADER };
            let expected = match length {
                0..FILE_HEADER => Some(length as u64),
                _ if length == border => None,
                _ => Some((length - border) as u64),
            };
            assert_eq!(contents.truncated, expected, "cut at {length}");
        }
    }

    #[test]
    fn any_changed_bit_is_found_and_placed() {
        let (_folder, path, bytes, ends) = journal(&three());
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &changed).unwrap();
            let whole = ends.iter().filter(|end| **end <= bit / 8).count();
            let start = match bit / 8 {
                0..FILE_HEADER => 0,
                _ if whole == 0 => FILE_HEADER,
                _ => ends[whole - 1],
            };
            match read::<Value>(&path).unwrap_err() {
                StorageError::NotAJournal { .. } => assert!(bit / 8 < MAGIC.len(), "bit {bit}"),
                StorageError::Damaged { offset, whole: found, .. } => {
                    assert_eq!((offset, found), (start as u64, whole as u64), "bit {bit}");
                }
                other => panic!("bit {bit}: {other}"),
            }
        }
    }

    #[test]
    fn the_records_before_the_damage_can_be_had() {
        let (_folder, path, mut bytes, ends) = journal(&three());
        bytes[ends[1] + RECORD_HEADER] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let mut reader = JournalReader::open(&path).unwrap();
        assert_eq!(reader.next_record::<Value>().unwrap(), Some(three()[0].clone()));
        assert_eq!(reader.next_record::<Value>().unwrap(), Some(three()[1].clone()));
        let error = reader.next_record::<Value>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{} is damaged at byte {}, after 2 whole records: a record fails its checksum",
                path.display(),
                ends[1]
            )
        );
    }

    #[test]
    fn a_record_taken_out_or_moved_is_found() {
        let (_folder, path, bytes, ends) = journal(&three());
        let (first, second) = (&bytes[FILE_HEADER..ends[0]], &bytes[ends[0]..ends[1]]);
        let header = &bytes[..FILE_HEADER];
        for changed in [[header, second].concat(), [header, second, first].concat()] {
            std::fs::write(&path, changed).unwrap();
            let error = read::<Value>(&path).unwrap_err();
            assert!(matches!(error, StorageError::Damaged { offset: 16, whole: 0, .. }), "{error}");
        }
    }

    #[test]
    fn a_newer_format_is_refused_with_both_versions() {
        let (_folder, path, mut bytes, _) = journal(&three());
        bytes[8..12].copy_from_slice(&7_u32.to_le_bytes());
        let check = crc32fast::hash(&bytes[..12]);
        bytes[12..16].copy_from_slice(&check.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(
            read::<Value>(&path).unwrap_err().to_string(),
            format!(
                "{} has journal format 7, and this StormDB reads formats up to 1; use the StormDB that wrote it or \
                 a newer one",
                path.display()
            )
        );
    }

    #[test]
    fn a_file_of_another_kind_is_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        for bytes in ["{}", "a longer text than a header is"] {
            std::fs::write(&path, bytes).unwrap();
            let error = read::<Value>(&path).unwrap_err();
            assert!(matches!(error, StorageError::NotAJournal { .. }), "{error}");
        }
    }

    #[test]
    fn a_whole_record_of_another_kind_is_an_error_not_a_torn_end() {
        let (_folder, path, _, ends) = journal(&[json!(1), json!("two")]);
        let error = read::<u32>(&path).unwrap_err();
        assert!(
            matches!(error, StorageError::Undecodable { offset, .. } if offset == ends[0] as u64),
            "{error}"
        );
    }

    #[test]
    fn a_record_over_the_limit_is_refused_and_the_next_one_written() {
        let (_folder, path, _, _) = journal(&[]);
        std::fs::remove_file(&path).unwrap();
        let mut journal = Journal::create(&path).unwrap();
        let error = journal.append(&"x".repeat(MAX_PAYLOAD)).unwrap_err();
        assert!(
            matches!(error, StorageError::RecordTooLarge { size, limit, .. } if size == limit + 2),
            "{error}"
        );
        journal.append(&"small").unwrap();
        let contents = read::<String>(&path).unwrap();
        assert_eq!(contents, Contents { records: vec!["small".to_owned()], truncated: None });
    }
}
