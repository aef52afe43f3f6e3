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

fn denied() -> Completion {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // The paths must be open to the dropped user, so that nothing but the lock-down denies them.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    for name in ["given", "other"] {
        std::fs::write(path(name), "text").unwrap();
        std::fs::set_permissions(path(name), std::fs::Permissions::from_mode(0o666)).unwrap();
    }
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap().to_string();
    let _unix = UnixListener::bind(path("socket")).unwrap();
    std::fs::set_permissions(path("socket"), std::fs::Permissions::from_mode(0o777)).unwrap();

    let (allowed, no_file, no_call) = (0, Errno::ACCESS.raw_os_error(), Errno::PERM.raw_os_error());
    let attempts = [
        ("constructor", String::new(), no_file),
        ("read", path("given"), allowed),
        ("append", path("given"), no_file),
        ("read", path("other"), no_file),
        ("read", "/etc/passwd".into(), no_file),
        ("read", "/proc/self/environ".into(), no_file),
        ("write", path("new"), no_file),
        ("append", path("other"), no_file),
        ("list", "/".into(), no_file),
        ("chmod", path("other"), no_call),
        ("parent's environment", String::new(), no_file),
        ("parent's memory", String::new(), no_file),
        ("tcp connect", address, no_call),
        ("tcp listen", String::new(), no_call),
        ("udp", String::new(), no_call),
        ("unix connect", path("socket"), no_call),
        ("unix pair", String::new(), allowed),
        ("unix datagram pair", String::new(), no_call),
        ("exec", String::new(), no_call),
        ("fork", String::new(), no_call),
        ("thread", String::new(), allowed),
        ("signal the parent", String::new(), no_call),
        ("signal itself", String::new(), allowed),
        ("new session", String::new(), no_call),
        ("make dumpable", String::new(), no_call),
        ("set a limit", String::new(), no_call),
        #[cfg(target_arch = "x86_64")]
        ("ptrace", String::new(), no_call),
        ("io_uring", String::new(), no_call),
        #[cfg(target_arch = "x86_64")]
        ("x32 socket", String::new(), no_call),
    ];
    let plan = LockdownPlan {
        user: Some(NOBODY),
        readable: vec![path("given").into(), path("missing").into()],
        ..LockdownPlan::default()
    };
    let plugin = plugin();
    run(async {
        let mut child = Child::start("attempt", &[&plugin]);
        child.order(&plan).await;
        let lockdown: Lockdown = child.hear().await;
        for (name, layer) in [("Landlock", &lockdown.landlock), ("seccomp", &lockdown.seccomp)] {
            if let Layer::Partial { reason } | Layer::Absent { reason } = layer {
                return Completion::ignored_with(format!("{name}: {reason}"));
            }
        }
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
