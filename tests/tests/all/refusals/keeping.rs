//! A refusal loses nothing: results, records and data of an earlier run stay as they are.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use stormdb_tests::{
    author::{Author, Contents},
    lab::{Lab, run},
    server::Server,
    untouched::kept,
};

/// All that an earlier run left: files, and the relations of the server with their row counts.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    files: BTreeMap<PathBuf, Vec<u8>>,
    relations: Vec<(String, i64)>,
}

async fn left(lab: &Lab, server: &Server) -> Left {
    let administrator = server.connect().await;
    let sql = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
               WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1";
    let mut relations = Vec::new();
    for row in administrator.query(sql, &[]).await.unwrap() {
        let relation: String = row.get(0);
        let counted = format!("SELECT count(*) FROM {relation}");
        relations.push((relation, administrator.query_one(&counted, &[]).await.unwrap().get(0)));
    }
    Left { files: kept(lab), relations }
}

fn simple(lab: &Lab, server: &Server) -> Command {
    let mut command = lab.stormdb_with_plugins(&["run", "--workload", "simple"]);
    command.args(server.flags());
    command
}

#[tokio::test]
async fn refusals_keep_what_was_there() {
    let lab = Lab::new();
    let server = Server::start(&lab, 10);
    let mut first = simple(&lab, &server);
    first.arg("--export-path").arg(lab.results());
    first.args(["--setup", "--duration", "1s", "--workers", "2", "--connections", "2"]);
    let ended = run(&mut first);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let before = left(&lab, &server).await;
    assert!(before.files.len() > 3 && !before.relations.is_empty(), "{before:?}");

    let stranger = Author::new(&lab, "stranger");
    let strange = lab.path().join("strange");
    fs::create_dir(&strange).unwrap();
    let contents = Contents { workload: Some("simple"), needs: None };
    stranger.sign(&stranger.pack(&strange, "strange", contents));

    let (strange, file) = (strange.display().to_string(), lab.path().join("file"));
    fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    let ladder = ["--set", "progressive={max_workers: 40, max_connections: 40, strategy: linear}"];
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--connections", "50"], 5, "target-too-few-connections"),
        (&ladder, 5, "target-too-few-connections"),
        (&["--set", "progressive.bnads=3"], 2, "unknown-key"),
        (&["--export-path", &file], 6, "export-failed"),
        (&["--set", "workload_config.no_such_key=1"], 2, "unknown-key"),
        (&["--set", "database.dbname=no_such_database"], 5, "target-database-missing"),
    ];
    for (flags, code, id) in cases {
        let ended = run(simple(&lab, &server).arg("--rebuild").args(flags));
        ended.refused(code, id);
        assert_eq!(ended.stdout, "", "{flags:?}");
        assert!(left(&lab, &server).await == before, "{flags:?} changed something");
    }

    let mut refused = lab.stormdb(&["run", "--rebuild", "--workload", "simple", "--plugins"]);
    refused.arg(strange).args(server.flags()).arg("--export-path").arg(lab.results());
    run(&mut refused).refused(3, "key-untrusted");
    assert!(left(&lab, &server).await == before, "the refused plugin changed something");
}

/// The server's limit is compared with every band before the first one.
#[test]
fn too_few_connections_are_named() {
    let lab = Lab::new();
    let server = Server::start(&lab, 10);
    let limit = "max_connections of 10 only 9 are free";
    let ladder = "progressive={max_workers: 40, max_connections: 40, strategy: linear, bands: 4}";
    for (flag, value, said) in [
        ("--connections", "50", "up to 50 connections are needed in band 1"),
        ("--set", ladder, "up to 40 connections are needed in bands 2, 3 and 4"),
    ] {
        let ended = run(simple(&lab, &server).args(["--setup", flag, value]));
        ended.refused(5, "target-too-few-connections");
        for said in [said, limit] {
            assert!(ended.stderr.contains(said), "no {said:?} in {}", ended.stderr);
        }
        assert!(kept(&lab).is_empty());
    }
}
