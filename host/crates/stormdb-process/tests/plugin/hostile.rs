//! A plugin that tries what plugins must not do; compiled by the tests and loaded from sealed memory.

use std::{
    ffi::{CStr, c_char, c_int, c_long, c_uint, c_ulong, c_void},
    fs::{File, Permissions},
    io::{self, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixDatagram, UnixStream},
    },
    process::Command,
    sync::atomic::{AtomicI32, Ordering},
};

unsafe extern "C" {
    fn close(descriptor: c_int) -> c_int;
    fn dup2(from: c_int, to: c_int) -> c_int;
    fn fork() -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn memfd_create(name: *const c_char, flags: c_uint) -> c_int;
    fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        descriptor: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn prctl(option: c_int, argument: c_ulong) -> c_int;
    fn setrlimit(resource: c_int, limit: *const [u64; 2]) -> c_int;
    fn setsid() -> c_int;
    fn signal(number: c_int, action: extern "C" fn(c_int)) -> isize;
    fn syscall(number: c_long, ...) -> c_long;
}

/// What the constructor got when it read a file and when it made one: 0 or an error number.
static READ_IN_CONSTRUCTOR: AtomicI32 = AtomicI32::new(-1);
static MADE_IN_CONSTRUCTOR: AtomicI32 = AtomicI32::new(-1);

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = {
    extern "C" fn constructor() {
        let read = File::open("/etc/passwd").map(drop);
        READ_IN_CONSTRUCTOR.store(number_of(read), Ordering::Relaxed);
        let made = File::create("/tmp/stormdb-constructor-was-here").map(drop);
        MADE_IN_CONSTRUCTOR.store(number_of(made), Ordering::Relaxed);
    }
    constructor
};

/// Performs one action; returns 0, or the error number the system gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attempt(action: *const c_char, argument: *const c_char) -> c_int {
    let text = |pointer| unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or("");
    number_of(perform(text(action), text(argument)))
}

fn perform(action: &str, argument: &str) -> io::Result<()> {
    let parent = std::os::unix::process::parent_id();
    match action {
        "read in the constructor" => numbered(READ_IN_CONSTRUCTOR.load(Ordering::Relaxed)),
        "write in the constructor" => numbered(MADE_IN_CONSTRUCTOR.load(Ordering::Relaxed)),
        "read" => File::open(argument).map(drop),
        "write" => File::create(argument).map(drop),
        "append" => File::options().append(true).open(argument).map(drop),
        "list" => std::fs::read_dir(argument).map(drop),
        "chmod" => std::fs::set_permissions(argument, Permissions::from_mode(0o777)),
        "parent's environment" => File::open(format!("/proc/{parent}/environ")).map(drop),
        "parent's memory" => File::open(format!("/proc/{parent}/mem")).map(drop),
        "tcp connect" => TcpStream::connect(argument).map(drop),
        "tcp listen" => TcpListener::bind("127.0.0.1:0").map(drop),
        "udp" => UdpSocket::bind("127.0.0.1:0").map(drop),
        "unix connect" => UnixStream::connect(argument).map(drop),
        "unix pair" => UnixStream::pair().map(drop),
        "unix datagram pair" => UnixDatagram::pair().map(drop),
        "exec" => Command::new("/bin/true").status().map(drop),
        "fork" => match unsafe { fork() } {
            0 => std::process::exit(0),
            result => checked(result.into()),
        },
        "thread" => {
            let thread = std::thread::Builder::new().spawn(|| ())?;
            thread.join().map_err(|_| io::Error::other("panicked"))
        }
        "signal the parent" => checked(unsafe { kill(parent as c_int, 0) }.into()),
        "signal itself" => checked(unsafe { kill(std::process::id() as c_int, 0) }.into()),
        "new session" => checked(unsafe { setsid() }.into()),
        // 4 is PR_SET_DUMPABLE, 4 is RLIMIT_CORE.
        "make dumpable" => checked(unsafe { prctl(4, 1) }.into()),
        "set a limit" => checked(unsafe { setrlimit(4, &[0, 0]) }.into()),
        // 95 is umask; 1 is the standard output.
        #[cfg(target_arch = "x86_64")]
        "umask" => checked(unsafe { syscall(95, 0) }),
        "close the output" => checked(unsafe { close(1) }.into()),
        "replace the output" => checked(unsafe { dup2(0, 1) }.into()),
        "another folder" => std::env::set_current_dir("/tmp"),
        "memory file" => checked(unsafe { memfd_create(c"".as_ptr(), 0) }.into()),
        "signal handler" => checked(unsafe { signal(15, ignore) } as c_long),
        "executable memory" => {
            // One page, anonymous, private, readable and executable.
            let page = unsafe { mmap(std::ptr::null_mut(), 4096, 5, 0x22, -1, 0) };
            checked(page.addr() as c_long)
        }
        "ptrace" => checked(unsafe { syscall(101, 16, parent as c_long, 0, 0) }),
        "io_uring" => checked(unsafe { syscall(425, 1, std::ptr::null::<u8>()) }),
        "x32 socket" => checked(unsafe { syscall(0x4000_0000 + 41, 1, 1, 0) }),

        "segfault" => {
            unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
            Ok(())
        }
        "abort" => std::process::abort(),
        "stack overflow" => Err(io::Error::from_raw_os_error(overflow(1) as i32)),
        "allocate" => loop {
            std::mem::forget(vec![1_u8; 64 << 20]);
        },
        "exit" => std::process::exit(0),
        "print and exit" => {
            println!("to the output");
            eprintln!("to the errors");
            io::stdout().flush()?;
            std::process::exit(3)
        }
        "loop" => loop {
            std::thread::park();
        },
        _ => Err(io::Error::other("unknown action")),
    }
}

#[expect(unconditional_recursion, reason = "the stack is to overflow")]
fn overflow(depth: u64) -> u64 {
    std::hint::black_box(overflow(std::hint::black_box(depth + 1))) + depth
}

extern "C" fn ignore(_signal: c_int) {}

fn numbered(number: i32) -> io::Result<()> {
    if number == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(number)) }
}

fn checked(result: c_long) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn number_of(result: io::Result<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => error.raw_os_error().unwrap_or(-1),
    }
}
