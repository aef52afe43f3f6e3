//! ELF header and program headers: which bytes of the file would be mapped where.

use object::LittleEndian;
use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFMAG, ELFOSABI_GNU, ELFOSABI_SYSV, ET_DYN, EV_CURRENT, FileHeader64,
    PF_W, PF_X, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_GNU_PROPERTY, PT_GNU_RELRO, PT_GNU_STACK, PT_LOAD,
    PT_NOTE, PT_NULL, PT_PHDR, PT_TLS, ProgramHeader64,
};
use object::pod::{from_bytes, slice_from_bytes};
use object::read::elf::ProgramHeader as _;

use super::ElfFault;

pub(super) const LE: LittleEndian = LittleEndian;

const MAX_SEGMENTS: u16 = 64;
const PAGE: u64 = 4_096;
/// No plugin maps more than this, whatever its file size.
const MAX_SPAN: u64 = 1 << 30;

#[cfg(target_arch = "x86_64")]
const HOST_MACHINE: u16 = object::elf::EM_X86_64;
#[cfg(target_arch = "aarch64")]
const HOST_MACHINE: u16 = object::elf::EM_AARCH64;

type Segment = ProgramHeader64<LittleEndian>;

/// A checked ELF file: its segments lie inside the file, do not overlap, and are not writable and executable at once.
pub(super) struct Image<'a> {
    bytes: &'a [u8],
    loads: Vec<&'a Segment>,
    dynamic: &'a Segment,
    notes: Vec<&'a Segment>,
}

impl<'a> Image<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ElfFault> {
        let segments = segments(bytes)?;
        let (mut loads, mut dynamics, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut stack = None;
        for segment in segments {
            check_in_file(segment, bytes.len() as u64)?;
            match segment.p_type.get(LE) {
                PT_LOAD => loads.push(segment),
                PT_DYNAMIC => dynamics.push(segment),
                PT_NOTE => notes.push(segment),
                PT_GNU_STACK => stack = Some(segment.p_flags.get(LE)),
                PT_NULL | PT_PHDR | PT_TLS | PT_GNU_EH_FRAME | PT_GNU_RELRO | PT_GNU_PROPERTY => {}
                other => {
                    return Err(ElfFault::FeatureForbidden(format!(
                        "a segment of type {other:#x}"
                    )));
                }
            }
        }
        match stack {
            Some(flags) if flags & PF_X == 0 => {}
            _ => return Err(ElfFault::FeatureForbidden("an executable stack".to_owned())),
        }
        check_loads(&loads)?;
        let [dynamic] = dynamics[..] else {
            return Err(ElfFault::Invalid(format!(
                "{} dynamic segments, expected one",
                dynamics.len()
            )));
        };
        Ok(Self { bytes, loads, dynamic, notes })
    }

    /// The dynamic section as it would be in memory, which is what the linker reads.
    pub(super) fn dynamic_bytes(&self) -> Result<&'a [u8], ElfFault> {
        self.at(self.dynamic.p_vaddr.get(LE), self.dynamic.p_filesz.get(LE), "the dynamic section")
    }

    /// The content of every note of this owner and kind.
    pub(super) fn notes(&self, owner: &[u8], kind: u32) -> Result<Vec<&'a [u8]>, ElfFault> {
        let odd = |_error| ElfFault::Invalid("an odd note".to_owned());
        let mut found = Vec::new();
        for segment in &self.notes {
            let Some(mut notes) = segment.notes(LE, self.bytes).map_err(odd)? else { continue };
            while let Some(note) = notes.next().map_err(odd)? {
                if note.name_bytes() == owner && note.n_type(LE) == kind {
                    found.push(note.desc());
                }
            }
        }
        Ok(found)
    }

    /// The `size` bytes that would be mapped at `address`.
    pub(super) fn at(&self, address: u64, size: u64, what: &str) -> Result<&'a [u8], ElfFault> {
        let bytes = self.from(address, what)?;
        let size = usize::try_from(size).ok();
        size.and_then(|size| bytes.get(..size))
            .ok_or_else(|| ElfFault::Invalid(format!("{what} reaches past its segment")))
    }

    /// The bytes that would be mapped from `address` to the end of its segment.
    pub(super) fn from(&self, address: u64, what: &str) -> Result<&'a [u8], ElfFault> {
        let outside = || ElfFault::Invalid(format!("{what} is not in a mapped segment"));
        let inside = |load: &&&Segment| {
            let offset = address.checked_sub(load.p_vaddr.get(LE));
            offset.is_some_and(|offset| offset < load.p_filesz.get(LE))
        };
        let load = self.loads.iter().find(inside).ok_or_else(outside)?;
        let start = load.p_offset.get(LE) + (address - load.p_vaddr.get(LE));
        let end = load.p_offset.get(LE) + load.p_filesz.get(LE);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        range.and_then(|(start, end)| self.bytes.get(start..end)).ok_or_else(outside)
    }
}

fn segments(bytes: &[u8]) -> Result<&[Segment], ElfFault> {
    let invalid = |found: &str| ElfFault::Invalid(found.to_owned());
    if !bytes.starts_with(&ELFMAG) {
        return Err(invalid("it does not begin with the ELF magic"));
    }
    let (header, _) = from_bytes::<FileHeader64<LittleEndian>>(bytes)
        .map_err(|()| ElfFault::Truncated("the header is not complete".to_owned()))?;
    let ident = &header.e_ident;
    if ident.class != ELFCLASS64 || ident.data != ELFDATA2LSB {
        return Err(ElfFault::WrongTarget("not 64-bit little-endian".to_owned()));
    }
    if ident.version != EV_CURRENT || header.e_version.get(LE) != u32::from(EV_CURRENT) {
        return Err(invalid("unknown ELF version"));
    }
    let (machine, kind) = (header.e_machine.get(LE), header.e_type.get(LE));
    if machine != HOST_MACHINE {
        return Err(ElfFault::WrongTarget(format!("machine {machine}, expected {HOST_MACHINE}")));
    }
    if kind != ET_DYN {
        return Err(ElfFault::WrongTarget(format!("ELF type {kind}, expected a shared library")));
    }
    if ![ELFOSABI_SYSV, ELFOSABI_GNU].contains(&ident.os_abi) {
        return Err(ElfFault::WrongTarget(format!("operating system {}", ident.os_abi)));
    }
    let count = header.e_phnum.get(LE);
    if usize::from(header.e_phentsize.get(LE)) != size_of::<Segment>()
        || !(1..=MAX_SEGMENTS).contains(&count)
    {
        return Err(invalid("an implausible program header table"));
    }
    let offset = usize::try_from(header.e_phoff.get(LE)).ok();
    let table = offset.and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    let (segments, _) = slice_from_bytes(table, usize::from(count))
        .map_err(|()| ElfFault::Truncated("the program header table is not complete".to_owned()))?;
    Ok(segments)
}

fn check_in_file(segment: &Segment, length: u64) -> Result<(), ElfFault> {
    let (offset, size) = (segment.p_offset.get(LE), segment.p_filesz.get(LE));
    match offset.checked_add(size) {
        Some(end) if end <= length => Ok(()),
        Some(end) => {
            Err(ElfFault::Truncated(format!("a segment ends at byte {end}, the file at {length}")))
        }
        None => Err(ElfFault::Invalid("a segment's end overflows".to_owned())),
    }
}

/// Ascending, page by page apart, no larger in the file than in memory, none both writable and executable.
fn check_loads(loads: &[&Segment]) -> Result<(), ElfFault> {
    let invalid = |found: &str| Err(ElfFault::Invalid(found.to_owned()));
    if loads.is_empty() {
        return invalid("nothing would be mapped");
    }
    let mut mapped_to = 0;
    for load in loads {
        let (address, offset, align) =
            (load.p_vaddr.get(LE), load.p_offset.get(LE), load.p_align.get(LE));
        if load.p_flags.get(LE) & (PF_W | PF_X) == PF_W | PF_X {
            return Err(ElfFault::FeatureForbidden(
                "a segment that is writable and executable".to_owned(),
            ));
        }
        if load.p_filesz.get(LE) > load.p_memsz.get(LE) {
            return invalid("a segment is larger in the file than in memory");
        }
        if !align.is_power_of_two()
            || !(PAGE..=MAX_SPAN).contains(&align)
            || address % align != offset % align
        {
            return invalid("a segment is not aligned to pages");
        }
        let Some(end) = address.checked_add(load.p_memsz.get(LE)).filter(|end| *end <= MAX_SPAN)
        else {
            return invalid("a segment lies beyond 1 GiB");
        };
        // Two segments on one page would let the second replace bytes of the first.
        if address - address % PAGE < mapped_to {
            return invalid("segments overlap");
        }
        mapped_to = end.next_multiple_of(PAGE);
    }
    Ok(())
}
