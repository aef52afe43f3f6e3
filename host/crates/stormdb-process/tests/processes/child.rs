//! What this program does as a load process, by the name of a part.

use std::{
    collections::BTreeMap,
    ffi::{CString, c_char, c_int},
    fs::File,
    io::Write,
    os::{fd::AsRawFd, unix::net::UnixStream},
    process::{Command, ExitCode},
    time::Duration,
};

use serde_json::{Value, json};
use stormdb_process::{
    broker::BrokerClient,
    frames::{FrameReader, FrameWriter},
    inherit::{Inheritance, Inherited},
    journal::Journal,
    lockdown::{Lockdown, close_loading, lock_down},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::supervise::Child;

pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let [part, argument] = arguments else { panic!("{arguments:?}") };
    if part == "file size limit" {
        return write_beyond_the_limit(argument);
    }
    let inheritance: Inheritance = argument.parse().unwrap();
    let again = inheritance.clone();
    let inherited = inheritance.take_over().unwrap();
    let descriptors = open_descriptors();
    let mut supervisor = Supervisor::of(&inherited.frames);
    match part.as_str() {
        "look around" => {
            supervisor.say(&json!({
                "environment": std::env::vars().collect::<BTreeMap<_, _>>(),
                "folder": std::env::current_dir().unwrap(),
                "descriptors": descriptors,
                "inherited": {
                    "frames": inherited.frames.as_raw_fd(),
                    "broker": inherited.broker.as_raw_fd(),
                    "plugins": inherited.plugins.iter().map(AsRawFd::as_raw_fd).collect::<Vec<_>>(),
                },
                "again": again.take_over().unwrap_err().to_string(),
            }));
            // Answers until the supervisor closes the stream.
            while let Some(message) = supervisor.frames.recv::<Value>().unwrap() {
                supervisor.say(&json!({ "heard": message }));
            }
        }
        "leave without a word" => {}
        "be silent" => wait_for_ever(),
        "lock down and be silent" => {
            let plan = serde_json::from_value(supervisor.hear()).unwrap();
            supervisor.say(&json!(lock_down(&plan, inherited.supervisor).unwrap()));
            wait_for_ever();
        }
        "leave a process behind" => {
            #[expect(
                clippy::zombie_processes,
                reason = "the supervisor must end what was left behind"
            )]
            let sleeping = Command::new("/bin/sleep").arg("1000").spawn().unwrap();
            supervisor.say(&json!(sleeping.id()));
            supervisor.hear();
        }
        "supervise" => supervise(&mut supervisor),
        "lock down beside a thread" => {
            let (_running, wait) = std::sync::mpsc::channel::<()>();
            std::thread::spawn(move || wait.recv());
            let plan = serde_json::from_value(supervisor.hear()).unwrap();
            let error = lock_down(&plan, inherited.supervisor).unwrap_err();
            supervisor.say(&json!(error.to_string()));
        }
        "attempt" => attempt(&mut supervisor, &inherited),
        "connect" => connect(&mut supervisor, inherited),
        other => panic!("no part {other}"),
    }
    ExitCode::SUCCESS
}

struct Supervisor {
    frames: FrameReader<UnixStream>,
    words: FrameWriter<UnixStream>,
}

impl Supervisor {
    fn of(stream: &UnixStream) -> Self {
        Supervisor {
            frames: FrameReader::new(stream.try_clone().unwrap()),
            words: FrameWriter::new(stream.try_clone().unwrap()),
        }
    }

    fn say(&mut self, message: &Value) {
        self.words.send(message).unwrap();
    }

    fn hear(&mut self) -> Value {
        self.frames.recv().unwrap().unwrap()
    }
}

/// Locks down, loads the plugin from its descriptor, and makes it attempt what it is told.
fn attempt(supervisor: &mut Supervisor, inherited: &Inherited) {
    let plan = serde_json::from_value(supervisor.hear()).unwrap();
    let mut lockdown = lock_down(&plan, inherited.supervisor).unwrap();
    let path = format!("/proc/{}/fd/{}", std::process::id(), inherited.plugins[0].as_raw_fd());
    // SAFETY: the library is the test's own, and its constructor only reads a file.
    #[expect(unsafe_code, reason = "loading is what is tested")]
    let library = unsafe { libloading::Library::new(path) }.unwrap();
    // SAFETY: the signature is that of the library's source.
    #[expect(unsafe_code, reason = "loading is what is tested")]
    let attempt: libloading::Symbol<
        '_,
        unsafe extern "C" fn(*const c_char, *const c_char) -> c_int,
    > = unsafe { library.get("attempt") }.unwrap();
    close_loading(&mut lockdown);
    supervisor.say(&json!(lockdown));
    while let Some((action, argument)) = supervisor.frames.recv::<(String, String)>().unwrap() {
        let (action, argument) = (CString::new(action).unwrap(), CString::new(argument).unwrap());
        // SAFETY: both are strings with an end.
        #[expect(unsafe_code, reason = "loading is what is tested")]
        let number = unsafe { attempt(action.as_ptr(), argument.as_ptr()) };
        supervisor.say(&json!(number));
    }
}

/// Locks down and talks to the target over sockets that the broker opened, until it has no descriptor left.
fn connect(supervisor: &mut Supervisor, inherited: Inherited) {
    let plan = serde_json::from_value(supervisor.hear()).unwrap();
    lock_down(&plan, inherited.supervisor).unwrap();
    let broker = BrokerClient::start(inherited.broker).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = std::net::TcpStream::from(broker.open().await.unwrap());
        let mut stream = tokio::net::TcpStream::from_std(socket).unwrap();
        stream.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        supervisor.say(&json!(String::from_utf8_lossy(&answer)));

        let mut held = Vec::new();
        let error = loop {
            match broker.open().await {
                Ok(socket) => held.push(socket),
                Err(error) => break error,
            }
        };
        supervisor.say(&json!(error));
        drop(held);
        supervisor.say(&json!(broker.open().await.is_ok()));
    });
}

/// Is a supervisor itself, of a locked-down process that is silent.
fn supervise(supervisor: &mut Supervisor) {
    let plan = supervisor.hear();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut child = Child::start("lock down and be silent", &[]);
        child.order(&plan).await;
        child.hear::<Lockdown>().await;
        supervisor.say(&json!(child.process.pid()));
        wait_for_ever();
    });
}

/// Fills a journal to the limit of the file's size and says how that went.
fn write_beyond_the_limit(path: &str) -> ExitCode {
    stormdb_process::signals::ignore_file_size_signal();
    let mut journal = Journal::create(path.as_ref()).unwrap();
    let limit = rustix::process::Rlimit { current: Some(100), maximum: Some(100) };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
    let mut output = std::io::stdout();
    for _ in 0..4 {
        let word = match journal.append(&"a record of some length") {
            Ok(()) => "written".to_owned(),
            Err(error) => error.to_string(),
        };
        writeln!(output, "{word}").unwrap();
    }
    writeln!(output, "{}", journal.sync().unwrap_err()).unwrap();
    ExitCode::SUCCESS
}

fn wait_for_ever() -> ! {
    loop {
        std::thread::park_timeout(Duration::from_secs(3600));
    }
}

/// The numbers of this process's descriptors but the one that lists them.
fn open_descriptors() -> Vec<i32> {
    let listing = File::open("/proc/self/fd").unwrap();
    let own = listing.as_raw_fd();
    let mut numbers: Vec<i32> = rustix::fs::Dir::new(listing)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().ok())
        .filter(|number| *number != own)
        .collect();
    numbers.sort_unstable();
    numbers
}
