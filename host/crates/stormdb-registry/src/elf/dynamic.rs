//! The dynamic section: needed libraries, symbols and relocations.

use std::collections::BTreeMap;

use abi_stable::library::AbiHeader;
use object::LittleEndian;
use object::elf;
use object::elf::{Dyn64, FileHeader64, Rela64, Sym64};
use object::pod::slice_from_all_bytes;
use object::read::elf::{GnuHashTable, HashTable};

use super::ElfFault;
use super::image::{Image, LE};

/// The tags that an honest library has. Whatever is not listed is refused: audit and filter libraries, text relocations,
/// early constructors, and whatever comes next.
const ALLOWED_TAGS: [u32; 36] = [
    elf::DT_NEEDED,
    elf::DT_SONAME,
    elf::DT_SYMTAB,
    elf::DT_SYMENT,
    elf::DT_STRTAB,
    elf::DT_STRSZ,
    elf::DT_HASH,
    elf::DT_GNU_HASH,
    elf::DT_RELA,
    elf::DT_RELASZ,
    elf::DT_RELAENT,
    elf::DT_RELACOUNT,
    elf::DT_JMPREL,
    elf::DT_PLTREL,
    elf::DT_PLTRELSZ,
    elf::DT_PLTGOT,
    DT_RELR,
    DT_RELRSZ,
    DT_RELRENT,
    elf::DT_INIT,
    elf::DT_FINI,
    elf::DT_INIT_ARRAY,
    elf::DT_INIT_ARRAYSZ,
    elf::DT_FINI_ARRAY,
    elf::DT_FINI_ARRAYSZ,
    elf::DT_VERSYM,
    elf::DT_VERNEED,
    elf::DT_VERNEEDNUM,
    elf::DT_FLAGS,
    elf::DT_FLAGS_1,
    elf::DT_BIND_NOW,
    elf::DT_DEBUG,
    elf::DT_TLSDESC_PLT,
    elf::DT_TLSDESC_GOT,
    // AArch64: branch target identification and variant calling conventions.
    0x7000_0001,
    0x7000_0005,
];
/// Packed relative relocations (generic ABI, 2022).
const DT_RELRSZ: u32 = 35;
const DT_RELR: u32 = 36;
const DT_RELRENT: u32 = 37;

const ALLOWED_FLAGS: u64 = (elf::DF_BIND_NOW | elf::DF_STATIC_TLS) as u64;
const ALLOWED_FLAGS_1: u64 = (elf::DF_1_NOW | elf::DF_1_NODELETE) as u64;

const UNWIND: &[u8] = b"_Unwind_RaiseException";

type Symbol = Sym64<LittleEndian>;
type Relocation = Rela64<LittleEndian>;

/// The parsed dynamic section.
pub(super) struct Dynamic<'a> {
    /// Each tag with its last value, as the linker keeps it.
    values: BTreeMap<u32, u64>,
    /// A tag that does not even fit 32 bits.
    odd_tag: Option<u64>,
    needed: Vec<&'a [u8]>,
    symbols: Vec<(&'a [u8], &'a Symbol)>,
}

impl<'a> Dynamic<'a> {
    pub(super) fn parse(image: &Image<'a>) -> Result<Self, ElfFault> {
        let bytes = image.dynamic_bytes()?;
        let entries: &[Dyn64<LittleEndian>] = slice_from_all_bytes(bytes)
            .map_err(|()| ElfFault::Invalid("an odd dynamic section".to_owned()))?;
        let (mut values, mut odd_tag, mut needed) = (BTreeMap::new(), None, Vec::new());
        let mut ended = false;
        for entry in entries {
            let (tag, value) = (entry.d_tag.get(LE), entry.d_val.get(LE));
            match u32::try_from(tag) {
                Ok(elf::DT_NULL) => {
                    ended = true;
                    break;
                }
                Ok(tag) => {
                    values.insert(tag, value);
                    if tag == elf::DT_NEEDED {
                        needed.push(value);
                    }
                }
                Err(_) => odd_tag = Some(tag),
            }
        }
        if !ended {
            return Err(ElfFault::Invalid("the dynamic section has no end".to_owned()));
        }
        let value = |tag: u32, what: &str| {
            values.get(&tag).copied().ok_or_else(|| ElfFault::Invalid(format!("it has no {what}")))
        };
        let strings = image.at(
            value(elf::DT_STRTAB, "string table")?,
            value(elf::DT_STRSZ, "string table size")?,
            "the string table",
        )?;
        let needed = needed
            .into_iter()
            .map(|offset| string_at(strings, offset))
            .collect::<Result<_, _>>()?;
        let count = symbol_count(image, &values)?;
        let table = value(elf::DT_SYMTAB, "symbol table")?;
        let table =
            image.at(table, u64::from(count) * size_of::<Symbol>() as u64, "the symbol table")?;
        let table: &[Symbol] = slice_from_all_bytes(table)
            .map_err(|()| ElfFault::Invalid("an odd symbol table".to_owned()))?;
        let named =
            |symbol: &'a Symbol| Ok((string_at(strings, symbol.st_name.get(LE).into())?, symbol));
        let symbols = table.iter().map(named).collect::<Result<_, _>>()?;
        Ok(Self { values, odd_tag, needed, symbols })
    }

    pub(super) fn check_root_symbol(&self, root: &str) -> Result<(), ElfFault> {
        let missing = |found: &str| Err(ElfFault::RootSymbolMissing(found.to_owned()));
        let Some((_, symbol)) = self.exports().find(|(name, _)| *name == root.as_bytes()) else {
            return missing("its root symbol is missing");
        };
        if symbol.st_info & 0xf != elf::STT_OBJECT || symbol.st_size.get(LE) == 0 {
            return missing("its root symbol is not data");
        }
        Ok(())
    }

    /// Compares the first fields of the root symbol, before any of its code runs; the loader compares all of it once mapped.
    pub(super) fn check_header(&self, image: &Image<'_>, root: &str) -> Result<(), ElfFault> {
        let AbiHeader { magic_string, abi_major, abi_minor, .. } = AbiHeader::VALUE;
        let other = |found: &str| ElfFault::OtherHeader(found.to_owned());
        let exported = self.exports().find(|(name, _)| *name == root.as_bytes());
        let (_, symbol) = exported.ok_or_else(|| other("no header"))?;
        let size = magic_string.len() + 8;
        if symbol.st_size.get(LE) < size as u64 {
            return Err(other("its header is too short"));
        }
        let header = image.at(symbol.st_value.get(LE), size as u64, "the header")?;
        let (magic, versions) = header.split_at(magic_string.len());
        if magic != magic_string {
            return Err(other("no header of abi_stable"));
        }
        if versions != [abi_major.to_le_bytes(), abi_minor.to_le_bytes()].concat() {
            return Err(other("another version of abi_stable"));
        }
        Ok(())
    }

    pub(super) fn check_needed(&self, allowed: &[&str]) -> Result<(), ElfFault> {
        let forbidden = self
            .needed
            .iter()
            .find(|name| !allowed.iter().any(|allowed| allowed.as_bytes() == **name));
        forbidden.map_or(Ok(()), |name| Err(ElfFault::NeededForbidden(shown(name))))
    }

    pub(super) fn check_features(&self, image: &Image<'_>) -> Result<(), ElfFault> {
        let forbidden = |found: String| Err(ElfFault::FeatureForbidden(found));
        if [elf::DT_RPATH, elf::DT_RUNPATH].iter().any(|tag| self.values.contains_key(tag)) {
            return Err(ElfFault::RunPathForbidden);
        }
        let unknown = self.values.keys().find(|tag| !ALLOWED_TAGS.contains(tag));
        if let Some(tag) = unknown.map(|tag| u64::from(*tag)).or(self.odd_tag) {
            return forbidden(format!("dynamic entry {tag:#x}"));
        }
        let flags = |tag: u32| self.values.get(&tag).copied().unwrap_or(0);
        let extra =
            (flags(elf::DT_FLAGS) & !ALLOWED_FLAGS, flags(elf::DT_FLAGS_1) & !ALLOWED_FLAGS_1);
        if extra != (0, 0) {
            return forbidden(format!("dynamic flags {:#x} and {:#x}", extra.0, extra.1));
        }
        if self.symbols.iter().any(|(_, symbol)| symbol.st_info & 0xf == elf::STT_GNU_IFUNC) {
            return forbidden("a symbol that is resolved by running code".to_owned());
        }
        for (table, size) in [(elf::DT_RELA, elf::DT_RELASZ), (elf::DT_JMPREL, elf::DT_PLTRELSZ)] {
            self.check_relocations(image, table, size)?;
        }
        Ok(())
    }

    pub(super) fn check_exports(&self, root: &str) -> Result<(), ElfFault> {
        let other = self.exports().find(|(name, _)| *name != root.as_bytes());
        other.map_or(Ok(()), |(name, _)| Err(ElfFault::ExportForbidden(shown(name))))
    }

    pub(super) fn check_unwinds(&self) -> Result<(), ElfFault> {
        let imports =
            self.symbols.iter().filter(|(_, symbol)| symbol.st_shndx.get(LE) == elf::SHN_UNDEF);
        let unwinds = imports.into_iter().any(|(name, _)| *name == UNWIND);
        if unwinds { Ok(()) } else { Err(ElfFault::CannotUnwind) }
    }

    /// Symbols that others could bind to.
    fn exports(&self) -> impl Iterator<Item = &(&'a [u8], &'a Symbol)> {
        self.symbols.iter().filter(|(_, symbol)| {
            symbol.st_shndx.get(LE) != elf::SHN_UNDEF && symbol.st_info >> 4 != elf::STB_LOCAL
        })
    }

    fn check_relocations(&self, image: &Image<'_>, table: u32, size: u32) -> Result<(), ElfFault> {
        let size = self.values.get(&size).copied().unwrap_or(0);
        let Some(address) = self.values.get(&table).copied().filter(|_| size > 0) else {
            return Ok(());
        };
        let bytes = image.at(address, size, "a relocation table")?;
        let relocations: &[Relocation] = slice_from_all_bytes(bytes)
            .map_err(|()| ElfFault::Invalid("an odd relocation table".to_owned()))?;
        for relocation in relocations {
            if [elf::R_X86_64_IRELATIVE, elf::R_AARCH64_IRELATIVE]
                .contains(&relocation.r_type(LE, false))
            {
                return Err(ElfFault::FeatureForbidden("a relocation that runs code".to_owned()));
            }
            if relocation.r_sym(LE, false) as usize >= self.symbols.len() {
                return Err(ElfFault::Invalid(
                    "a relocation to a symbol that does not exist".to_owned(),
                ));
            }
        }
        Ok(())
    }
}

/// The symbol table has no length of its own; the hash tables know it.
fn symbol_count(image: &Image<'_>, values: &BTreeMap<u32, u64>) -> Result<u32, ElfFault> {
    let what = "the symbol hash table";
    let odd = || ElfFault::Invalid("an odd symbol hash table".to_owned());
    let mut count = 0;
    if let Some(address) = values.get(&elf::DT_GNU_HASH) {
        let bytes = whole_words(image.from(*address, what)?);
        let table =
            GnuHashTable::<FileHeader64<LittleEndian>>::parse(LE, bytes).map_err(|_error| odd())?;
        count = match table.symbol_table_length(LE) {
            Some(count) => count,
            None if has_no_names(bytes) => 0,
            None => return Err(odd()),
        };
    }
    if let Some(address) = values.get(&elf::DT_HASH) {
        let table = HashTable::<FileHeader64<LittleEndian>>::parse(LE, image.from(*address, what)?);
        count = count.max(table.map_err(|_error| odd())?.symbol_table_length());
    }
    Ok(count)
}

/// Whether every bucket of a GNU hash table is empty: a library that exports nothing.
fn has_no_names(table: &[u8]) -> bool {
    let (words, _) = table.as_chunks::<4>();
    let word = |at: usize| words.get(at).map(|word| u32::from_le_bytes(*word) as usize);
    let (Some(buckets), Some(bloom)) = (word(0), word(2)) else { return false };
    // Four words of header, then the bloom filter in words of 64 bits, then the buckets.
    let first = bloom.saturating_mul(2).saturating_add(4);
    words
        .get(first..first.saturating_add(buckets))
        .is_some_and(|buckets| buckets.iter().all(|bucket| *bucket == [0; 4]))
}

fn whole_words(bytes: &[u8]) -> &[u8] {
    bytes.get(..bytes.len() - bytes.len() % 4).unwrap_or_default()
}

fn string_at(strings: &[u8], offset: u64) -> Result<&[u8], ElfFault> {
    let tail = usize::try_from(offset).ok().and_then(|offset| strings.get(offset..));
    let end = tail.and_then(|tail| tail.iter().position(|byte| *byte == 0));
    tail.zip(end)
        .and_then(|(tail, end)| tail.get(..end))
        .ok_or_else(|| ElfFault::Invalid("a name outside the string table".to_owned()))
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(100).collect()
}
