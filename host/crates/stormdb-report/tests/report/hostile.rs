//! Texts that others wrote: workloads, servers and plugins that try to steer the terminal, the spreadsheet or the JSON.

use stormdb_report::{format::FORMATS, runs, screen::Style, terminal};
use stormdb_run::{
    event::{Check, Failure},
    record::RunRecord,
};

use crate::record::{DOCUMENTED, add_errors, failed, report, run};

const EVIL: &str =
    "=cmd|' /C calc'!A0\u{1b}[2J\u{1b}]0;owned\u{7}\nbest     9,999,999 TPS\r\u{202e}\"quoted\",x";

fn evil() -> RunRecord {
    let mut record = run(&DOCUMENTED[..3]);
    record.header.workload = EVIL.to_owned();
    record.header.server_title = EVIL.to_owned();
    record.header.scale_unit = EVIL.to_owned();
    record.header.plugins[0].name = EVIL.to_owned();
    record.header.plan.strategy = Some(EVIL.to_owned());
    record.warnings = vec![Failure { id: EVIL.to_owned(), message: EVIL.to_owned() }];
    record.checks = vec![Check { name: EVIL.to_owned(), passed: false, finding: EVIL.to_owned() }];
    record.reported = vec![(EVIL.to_owned(), EVIL.into())];
    add_errors(&mut record.bands[1], EVIL, Some(EVIL), 1, EVIL);
    let plan = record.bands[2].plan.clone();
    record.bands[2] = failed(plan, EVIL, EVIL);
    record
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let record = evil();
    let report = report(&record);
    let style = Style::default();
    let faces = [
        terminal::title(&record.header, style),
        terminal::table_head(&record.header, style),
        terminal::row(&report, 3, style).unwrap(),
        terminal::foot(&report, &["/tmp/a\nb.csv".into()], style),
        terminal::whole(&report, style),
        runs::show_text(&report, style),
        runs::list_text(&[runs::RunEntry::Readable(runs::RunSummary::of(&record))], style),
    ];
    for face in faces {
        let steering = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
        assert!(!face.contains(steering), "{face}");
        assert!(!face.lines().any(|line| line.starts_with("best     9,999,999")), "{face}");
    }
}

#[test]
fn the_rows_of_the_csv_stay_rows_and_no_text_is_a_formula() {
    let record = evil();
    let csv = FORMATS.iter().find(|format| format.name == "csv").unwrap();
    let text = csv.render(&report(&record)).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    for cell in rows.iter().flat_map(csv::StringRecord::iter) {
        assert!(!cell.starts_with(['=', '@']), "{cell}");
    }
    let failure = rows[2].iter().next_back().unwrap();
    assert_eq!(failure, format!("'{EVIL}"));
}

#[test]
fn the_json_keeps_the_text_as_it_was() {
    let record = evil();
    let json = FORMATS.iter().find(|format| format.name == "json").unwrap();
    let text = json.render(&report(&record)).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["metadata"]["workload_type"], EVIL);
    assert_eq!(value["bands"][2]["failure"]["id"], EVIL);
    assert!(!text.contains('\u{1b}'));
}
