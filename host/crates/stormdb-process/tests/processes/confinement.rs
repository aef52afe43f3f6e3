//! What a plugin can and cannot do after the lock-down.

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::fd::OwnedFd,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::Path,
    sync::Arc,
    time::Duration,
};

use libtest_mimic::{Completion, Trial};
use rustix::io::Errno;
use serde_json::{Value, json};
use stormdb_process::{
    broker::{
        BrokerError, BrokerErrorKind,
        dial::{Address, Target},
        serve,
    },
    exit::Cause,
    lockdown::{Layer, Lockdown, LockdownPlan, User},
};

use crate::supervise::{Child, NOBODY, PATIENCE, plugin, run, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("a_locked_down_plugin_has_no_files_sockets_or_processes", || {
            Ok(denied())
        }),
        trial("the_process_is_unprivileged_and_closed_to_others", unprivileged),
        trial("sockets_from_the_broker_work_in_a_locked_down_process", broker),
        trial("a_lock_down_beside_a_thread_is_refused", thread),
    ]
}

const EACCES: i32 = Errno::ACCESS.raw_os_error();

fn denied() -> Completion {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // The paths must be open to the dropped user, so that nothing but the lock-down denies them.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::write(path("given"), "text").unwrap();
    std::fs::set_permissions(path("given"), std::fs::Permissions::from_mode(0o666)).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap().to_string();
    let _unix = UnixListener::bind(path("socket")).unwrap();
    std::fs::set_permissions(path("socket"), std::fs::Permissions::from_mode(0o777)).unwrap();

    let (allowed, refused) = (0, Errno::PERM.raw_os_error());
    let attempts = [
        ("write in the constructor", String::new(), refused),
        ("read", path("given"), refused),
        ("append", path("given"), refused),
        ("read", "/etc/passwd".into(), refused),
        ("read", "/proc/self/environ".into(), refused),
        ("write", path("new"), refused),
        ("list", "/".into(), refused),
        ("chmod", path("given"), refused),
        ("another folder", String::new(), refused),
        ("umask", String::new(), refused),
        ("parent's environment", String::new(), refused),
        ("parent's memory", String::new(), refused),
        ("tcp connect", address, refused),
        ("tcp listen", String::new(), refused),
        ("udp", String::new(), refused),
        ("unix connect", path("socket"), refused),
        ("unix pair", String::new(), allowed),
        ("unix datagram pair", String::new(), refused),
        ("close the output", String::new(), refused),
        ("replace the output", String::new(), refused),
        ("memory file", String::new(), refused),
        ("executable memory", String::new(), refused),
        ("signal handler", String::new(), refused),
        ("exec", String::new(), refused),
        ("fork", String::new(), refused),
        ("thread", String::new(), allowed),
        ("signal the parent", String::new(), refused),
        ("signal itself", String::new(), allowed),
        ("new session", String::new(), refused),
        ("make dumpable", String::new(), refused),
        ("set a limit", String::new(), refused),
        #[cfg(target_arch = "x86_64")]
        ("ptrace", String::new(), refused),
        ("io_uring", String::new(), refused),
        #[cfg(target_arch = "x86_64")]
        ("x32 socket", String::new(), refused),
    ];
    let plan = LockdownPlan { user: Some(NOBODY), ..LockdownPlan::default() };
    let plugin = plugin();
    run(async {
        let mut child = Child::start("attempt", &[&plugin]);
        child.order(&plan).await;
        let lockdown: Lockdown = child.hear().await;
        if let Layer::Partial { reason } | Layer::Absent { reason } = &lockdown.seccomp {
            return Completion::ignored_with(format!("seccomp: {reason}"));
        }
        // Only Landlock keeps a constructor from reading what the dropped user may read.
        let readable = if lockdown.landlock == Layer::Enforced { EACCES } else { allowed };
        child.order(&("read in the constructor", "")).await;
        assert_eq!(child.hear::<i32>().await, readable);
        for (action, argument, expected) in attempts {
            child.order(&(action, &argument)).await;
            assert_eq!(child.hear::<i32>().await, expected, "{action} {argument}");
        }
        assert!(!Path::new(&path("new")).exists());
        child.process.said_goodbye();
        assert_eq!(child.dismiss().await.cause, Cause::Finished);
        Completion::Completed
    })
}

fn unprivileged() {
    let plugin = plugin();
    // Root without a user to become is root in name only.
    for user in [Some(NOBODY), None] {
        run(unprivileged_as(user, &plugin));
    }
}

async fn unprivileged_as(user: Option<User>, plugin: &OwnedFd) {
    let mut child = Child::start("attempt", &[plugin]);
    let plan = LockdownPlan {
        user,
        open_files: Some(200),
        address_space_bytes: Some(2 << 30),
        ..LockdownPlan::default()
    };
    child.order(&plan).await;
    let lockdown: Lockdown = child.hear().await;
    let ours = rustix::process::geteuid();
    let become_other = user.filter(|_| ours.is_root());
    let expected = become_other.map_or(ours.as_raw(), |user| user.uid);
    assert_eq!((lockdown.uid, lockdown.open_files), (expected, 200));

    let process = format!("/proc/{}", child.process.pid());
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(field("Uid:"), [expected.to_string().as_str(); 4].join(" "));
    if become_other.is_some() {
        assert_eq!(field("Gid:"), "65534 65534 65534 65534");
        assert_eq!(field("Groups:"), "");
    }
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2");

    let limits = std::fs::read_to_string(format!("{process}/limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(limit("Max core file size"), "0 0");
    assert_eq!(limit("Max open files"), "200 200");
    assert_eq!(limit("Max address space"), "2147483648 2147483648");
    // What is in /proc of a process that is not dumpable belongs to root, whoever runs it.
    let memory = std::fs::metadata(format!("{process}/mem")).unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&memory);
    assert_eq!(owner, 0);
}

fn broker() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            if held.is_empty() {
                let mut bytes = [0; 4];
                connection.read_exact(&mut bytes).unwrap();
                assert_eq!(&bytes, b"ping");
                connection.write_all(b"pong").unwrap();
            }
            held.push(connection);
        }
    });
    run(async {
        let Child { mut process, mut words, mut orders, broker } = Child::start("connect", &[]);
        let target = Target::new(vec![Address::Tcp(address)], Duration::from_secs(10));
        let served = tokio::spawn(serve(broker, Arc::new(target)));
        let plan =
            LockdownPlan { user: Some(NOBODY), open_files: Some(40), ..LockdownPlan::default() };
        orders.send(&plan).await.unwrap();

        let answer: Option<Value> = words.recv_within(PATIENCE).await.unwrap();
        assert_eq!(answer, Some(json!("pong")));
        let error: BrokerError = words.recv_within(PATIENCE).await.unwrap().unwrap();
        assert_eq!(error.kind, BrokerErrorKind::TooManyFiles);
        let again: Option<Value> = words.recv_within(PATIENCE).await.unwrap();
        assert_eq!(again, Some(json!(true)), "a lost socket does not end the others");
        process.said_goodbye();
        assert_eq!(process.wait().await.unwrap().cause, Cause::Finished);
        served.await.unwrap().unwrap();
    });
}

fn thread() {
    run(async {
        let mut child = Child::start("lock down beside a thread", &[]);
        child.order(&LockdownPlan::default()).await;
        assert_eq!(
            child.hear::<String>().await,
            "the lock-down must come before any thread, and this process has 2"
        );
    });
}
