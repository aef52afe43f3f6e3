//! A42, A53 to A59: what a manifest says, and how much of it.

use crate::{case::Case, manifest::sha256};

pub const CASES: &[Case] = &[
    Case {
        id: "A42",
        what: "a library named by a path",
        expect: &["path-invalid", "manifest-invalid"],
        build: |trial| {
            let long = "x".repeat(300);
            let paths = [
                "../x",
                "/x",
                "/proc/self/exe",
                "a/../../b",
                "a//b",
                ".",
                "..",
                "",
                "./libplugin.so",
                ".hidden",
                "-x",
                "lib plugin.so",
                "plugin.toml",
                "plugin.toml.sig",
                &long,
            ];
            for path in paths {
                trial.refused(&format!("{path:?}"), "path-invalid", |site| {
                    site.edit("libplugin.so", path)
                })?;
            }
            for (input, escape) in [
                ("backslashes", "a\\\\b"),
                ("a NUL", "a\\u0000.so"),
                ("a line feed", "a\\n.so"),
                ("an umlaut", "b\u{e4}r.so"),
            ] {
                trial.refused(input, "path-invalid", |site| site.edit("libplugin.so", escape))?;
            }
            trial.refused("no path at all", "manifest-invalid", |site| {
                site.edit("file = \"libplugin.so\"\n", "")
            })
        },
    },
    Case {
        id: "A53",
        what: "a manifest too large to be parsed",
        expect: &["manifest-too-large"],
        build: |trial| {
            trial.refused("64 KiB and a byte", "manifest-too-large", |site| {
                let mut text = site.manifest.text() + "# ";
                text.push_str(&"x".repeat(65_537 - text.len()));
                site.sign(text)
            })?;
            trial.refused("a million keys", "manifest-too-large", |site| {
                let keys: String =
                    (0..1_000_000).map(|number| format!("k{number} = 1\n")).collect();
                site.sign(keys + &site.manifest.text())
            })
        },
    },
    Case {
        id: "A54",
        what: "arrays, tables and keys nested without end",
        expect: &["manifest-invalid", "manifest-too-large"],
        build: |trial| {
            let deep = 15_000;
            let inputs = [
                ("arrays", format!("x = {}1{}\n", "[".repeat(deep), "]".repeat(deep))),
                ("open arrays", format!("x = {}\n", "[".repeat(deep))),
                ("inline tables", format!("x = {}1{}\n", "{a=".repeat(deep), "}".repeat(deep))),
                ("dotted keys", format!("{}x = 1\n", "a.".repeat(deep))),
                ("a table's name", format!("[{}x]\n", "a.".repeat(deep))),
                ("arrays of tables", "[[a]]\n".repeat(8_000)),
            ];
            for (input, more) in inputs {
                trial.refused(input, "manifest-invalid", |site| {
                    site.sign(more + &site.manifest.text())
                })?;
            }
            trial.refused("100,000 arrays", "manifest-too-large", |site| {
                site.sign(format!("x = {}\n{}", "[".repeat(100_000), site.manifest.text()))
            })
        },
    },
    Case {
        id: "A55",
        what: "text that is no text, or shows otherwise than it is",
        expect: &["manifest-invalid"],
        build: |trial| {
            let bytes: [(&str, &[u8]); 8] = [
                ("not UTF-8", b"# \xff\xfe\n"),
                ("an overlong form", b"# \xc0\x80\n"),
                ("a surrogate", b"# \xed\xa0\x80\n"),
                ("a NUL", b"# \0\n"),
                ("a byte-order mark", b"\xef\xbb\xbf"),
                ("right to left", "# \u{202e}\n".as_bytes()),
                ("an isolate", "# \u{2066}\n".as_bytes()),
                ("a terminal's escape", b"# \x1b[2J\n"),
            ];
            for (input, first) in bytes {
                trial.refused(input, "manifest-invalid", |site| {
                    site.sign([first, site.manifest.text().as_bytes()].concat())
                })?;
            }
            for (input, escape) in [
                ("NUL", "\\u0000"),
                ("right to left", "\\u202e"),
                ("a line feed", "\\n"),
                ("escape", "\\u001b[2J"),
                ("zero width", "\\u200b"),
            ] {
                trial.refused(
                    &format!("{input}, spelled as an escape"),
                    "manifest-invalid",
                    |site| site.edit("Says that", escape),
                )?;
            }
            Ok(())
        },
    },
    Case {
        id: "A56",
        what: "unknown keys, keys twice, wrong types, numbers beyond their range",
        expect: &["manifest-invalid"],
        build: |trial| {
            let edits = [
                ("an unknown key", "name = ", "trusted = true\nname = "),
                ("an unknown key of the library", "size = ", "mode = \"777\"\nsize = "),
                ("an unknown table", "[library]", "[scripts]\npostinstall = \"x\"\n[library]"),
                ("a key twice", "name = ", "name = \"acme-other\"\nname = "),
                ("a table twice", "[library]", "[library]\nfile = \"x\"\n[library]"),
                ("a missing key", "api = \"^1.0\"\n", ""),
                ("a number for a text", "api = \"^1.0\"", "api = 1.0"),
                ("a text for a list", "[\"canary\"]", "\"canary\""),
                ("a list of numbers", "[\"canary\"]", "[1]"),
                ("a workload twice", "[\"canary\"]", "[\"canary\", \"canary\"]"),
                ("a negative size", "size = ", "size = -"),
                ("a size beyond 64 bits", "size = ", "size = 99999999999999999"),
                ("a size that is infinite", "size = ", "size = inf # "),
                ("a size that is no number", "size = ", "size = nan # "),
                ("a fraction of a byte", "size = ", "size = 0.5 # "),
                ("a date for a size", "size = ", "size = 2020-01-01 # "),
            ];
            for (input, from, to) in edits {
                trial.refused(input, "manifest-invalid", |site| site.edit(from, to))?;
            }
            trial.refused("nothing", "manifest-invalid", |site| site.sign(""))
        },
    },
    Case {
        id: "A57",
        what: "versions that are none",
        expect: &["manifest-invalid", "manifest-too-large"],
        build: |trial| {
            let long = format!("1.0.0-{}", "a".repeat(59));
            let versions = [
                "1",
                "1.0",
                "01.0.0",
                "v1.0.0",
                "1.0.0-01",
                "1.0.0-",
                "1.0.0+",
                "18446744073709551616.0.0",
                "1.0.0 ",
                "-1.0.0",
                "1.0.0.0",
                "",
                "latest",
                &long,
            ];
            for version in versions {
                trial.refused(&format!("{version:?}"), "manifest-invalid", |site| {
                    site.edit("version = \"1.0.0\"", &format!("version = \"{version}\""))
                })?;
            }
            for requirement in ["^v1", "new", "", &"1, ".repeat(40)] {
                trial.refused(
                    &format!("the requirement {requirement:?}"),
                    "manifest-invalid",
                    |site| site.edit("^1.0", requirement),
                )?;
            }
            for (input, length, id) in
                [("60 KB", 60_000, "manifest-invalid"), ("1 MB", 1_000_000, "manifest-too-large")]
            {
                trial.refused(&format!("a prerelease of {input}"), id, |site| {
                    site.edit(
                        "version = \"1.0.0\"",
                        &format!("version = \"1.0.0-{}\"", "a".repeat(length)),
                    )
                })?;
            }
            Ok(())
        },
    },
    Case {
        id: "A58",
        what: "hashes that are none",
        expect: &["manifest-invalid"],
        build: |trial| {
            let good = sha256(&trial.ground.library);
            let hashes = [
                ("short", good[1..].to_owned()),
                ("long", format!("{good}0")),
                ("upper case", good.to_uppercase()),
                ("no hexadecimal", format!("g{}", &good[1..])),
                ("with a space", format!(" {}", &good[1..])),
                ("empty", String::new()),
                ("full-width digits", good.replacen(|c: char| c.is_ascii_digit(), "\u{ff11}", 1)),
            ];
            for (input, hash) in hashes {
                trial.refused(input, "manifest-invalid", |site| site.edit(&good, &hash))?;
            }
            Ok(())
        },
    },
    Case {
        id: "A59",
        what: "another size than the library has",
        expect: &["size-mismatch"],
        build: |trial| {
            for (input, difference) in [("a byte more", 1_isize), ("a byte less", -1)] {
                trial.refused(input, "size-mismatch", |site| {
                    let size = site.manifest.size;
                    site.edit(
                        &format!("size = {size}"),
                        &format!("size = {}", size.saturating_add_signed(difference)),
                    )
                })?;
            }
            trial.refused("nothing at all", "size-mismatch", |site| {
                let size = site.manifest.size;
                site.edit(&format!("size = {size}"), "size = 0")
            })?;
            trial.refused("as much as there may be", "size-mismatch", |site| {
                let size = site.manifest.size;
                site.edit(&format!("size = {size}"), &format!("size = {}", i64::MAX))
            })
        },
    },
];
