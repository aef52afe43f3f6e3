//! A84 to A87: verified plugins whose initialisation does harm, as it runs before any interface can be asked.

use anyhow::Result;

use crate::{case::Case, library::Recipe, trial::Trial};

pub const CASES: &[Case] = &[
    Case {
        id: "A84",
        what: "an initialiser that ends the process",
        expect: &["plugin-init-exited"],
        build: |trial| {
            strikes(trial, "with 0", "plugin-init-exited", "#include <unistd.h>", "_exit(0);")?;
            strikes(trial, "with 3", "plugin-init-exited", "#include <unistd.h>", "_exit(3);")?;
            strikes(
                trial,
                "with `exit`, so that others have their say",
                "plugin-init-exited",
                "#include <stdlib.h>",
                "exit(0);",
            )
        },
    },
    Case {
        id: "A85",
        what: "an initialiser that starts programs, traces, or calls others",
        expect: &["plugin-init-forbidden-call"],
        build: |trial| {
            for (input, code) in [
                ("fork", "fork();"),
                ("a program", "char *none[] = {0}; execve(\"/bin/true\", none, none);"),
                ("ptrace", "syscall(SYS_ptrace, 0, 0, 0, 0);"),
                ("a socket", "syscall(SYS_socket, 2, 1, 0);"),
                ("a file to write", "syscall(SYS_openat, -100, CANARY, 02101, 0666);"),
                ("a signal to the supervisor", "syscall(SYS_kill, getppid(), 9);"),
            ] {
                let head = "#define _GNU_SOURCE\n#include <sys/syscall.h>\n#include <unistd.h>";
                strikes(trial, input, "plugin-init-forbidden-call", head, code)?;
            }
            Ok(())
        },
    },
    Case {
        id: "A86",
        what: "an initialiser that does not come back",
        expect: &["plugin-init-timeout"],
        build: |trial| {
            strikes(
                trial,
                "an endless loop",
                "plugin-init-timeout",
                "",
                "for (;;) __asm__ volatile(\"\");",
            )?;
            if trial.runs_all() {
                let head = "#include <unistd.h>";
                strikes(
                    trial,
                    "an endless sleep",
                    "plugin-init-timeout",
                    head,
                    "for (;;) sleep(1000);",
                )?;
            }
            Ok(())
        },
    },
    Case {
        id: "A87",
        what: "an initialiser that crashes",
        expect: &[
            "plugin-init-crashed:SIGSEGV",
            "plugin-init-crashed:SIGILL",
            "plugin-init-crashed:SIGABRT",
        ],
        build: |trial| {
            let head = "#include <stdlib.h>";
            let overflow = "static int deep(int n) { volatile char page[4096]; page[0] = (char)n; return deep(n + 1) + page[0]; }";
            strikes(
                trial,
                "a null pointer",
                "plugin-init-crashed:SIGSEGV",
                head,
                "*(volatile int *)8 = 1;",
            )?;
            strikes(
                trial,
                "a stack without end, which the runtime ends",
                "plugin-init-crashed:SIGABRT",
                overflow,
                "deep(0);",
            )?;
            strikes(
                trial,
                "no instruction",
                "plugin-init-crashed:SIGILL",
                head,
                "__builtin_trap();",
            )?;
            strikes(trial, "abort", "plugin-init-crashed:SIGABRT", head, "abort();")
        },
    },
];

/// A library that passes the gate, and does `code` when it is mapped.
fn strikes(
    trial: &mut Trial<'_>,
    input: &str,
    id: &'static str,
    head: &str,
    code: &str,
) -> Result<()> {
    let code =
        format!("{head}\n__attribute__((constructor)) static void strike(void) {{ {code} }}");
    let Some(library) = trial.compile(input, &Recipe::plugin().code(&code))? else { return Ok(()) };
    trial.contained(input, id, |site| site.library(&library))
}
