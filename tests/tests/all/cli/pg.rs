//! `stormdb pg status`: where the embedded server is, without touching it.

use stormdb_tests::{
    lab::{Lab, run},
    tcp::system,
};

#[test]
fn the_status_of_a_server() {
    let Some(binaries) = system() else { return };
    let lab = Lab::new();
    let programs = binaries.bin_dir.display().to_string();
    let ended = run(&mut lab.stormdb(&["pg", "status", "--json", "--pg-bin", &programs]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let status = ended.json();
    assert_eq!(status["programs"], programs);
    assert_eq!(status["version"], binaries.version);
    let state = status["state"].as_str().unwrap();
    assert!(["absent", "stopped", "running"].contains(&state), "{state}");
    assert_eq!(status["endpoint"].is_null(), state != "running");
    let data = status["data"].as_str().unwrap();
    assert!(data.ends_with(&format!("data-{}", binaries.major)), "{data}");

    let ended = run(&mut lab.stormdb(&["pg", "status", "--pg-bin", "/etc"]));
    ended.refused(5, "pg-no-binaries");
}
