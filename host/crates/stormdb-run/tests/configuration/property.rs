//! No text, however odd, makes the reader panic.

use proptest::prelude::*;
use stormdb_run::config::overrides::Overrides;
use stormdb_run::plan::{ServerLimits, plan};

use crate::load::load_with;

/// Lines that look like a configuration, so that the rules behind the parser are reached.
fn plausible() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "strategy",
        "pairing",
        "min_workers",
        "max_workers",
        "min_connections",
        "max_connections",
        "bands",
        "step_workers",
        "step_connections",
        "test_duration",
        "band_duration",
        "warmup_time",
        "export_format",
        "export_csv",
        "export_path",
        "enabled",
        "analysis",
        "export",
    ]);
    let value = prop_oneof![
        (0_u64..200).prop_map(|number| number.to_string()),
        prop::sample::select(vec![
            "linear",
            "fibonacci",
            "exponential",
            "grid",
            "paired",
            "true",
            "2s",
            "1h",
            "both",
            "{csv: no}",
            "~",
            "é",
            "-1",
            "1e3"
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::btree_map(key, value, 0..10).prop_map(|keys| {
        let lines =
            keys.iter().map(|(key, value)| format!("  {key}: {value}\n")).collect::<String>();
        format!("workload: imdb\nprogressive:\n{lines}")
    })
}

fn survives(yaml: &str, set: String) {
    let overrides = Overrides { set: vec![set], progressive: true, ..Overrides::default() };
    match load_with(yaml, &[], &overrides) {
        Ok(resolved) => {
            for limits in [None, Some(ServerLimits { max_connections: 20, reserved: 3, in_use: 1 })]
            {
                if let Ok(plan) = plan(&resolved.config, limits) {
                    assert!(!plan.bands.is_empty() && plan.bands.len() <= 100);
                }
            }
        }
        Err(error) => assert!(!error.render(true).is_empty() && !error.to_string().is_empty()),
    }
}

proptest! {
    #[test]
    fn any_text(yaml in "\\PC{0,80}", set in "\\PC{0,20}") {
        survives(&yaml, set);
    }

    #[test]
    fn any_lines(yaml in "([ -~éあ]{0,20}\n){0,6}", set in "[a-z.]{0,12}=[ -~é]{0,8}") {
        survives(&yaml, set);
    }

    #[test]
    fn plausible_ladders(yaml in plausible(), set in "progressive\\.(bands|step_workers|max_workers|strategy)=[0-9a-z]{1,3}") {
        survives(&yaml, set);
    }

    #[test]
    fn any_line_of_a_password(yaml in "(pass(word|file)?[ \"':=é|>a\n]{0,8}){0,4}") {
        survives(&yaml, String::new());
    }
}
