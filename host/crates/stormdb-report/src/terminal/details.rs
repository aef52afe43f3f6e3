//! Every figure of every band: metrics down, bands across, in as many blocks as the width needs.

use crate::{
    figure::Figure,
    metric::{METRICS, Metric},
    model::{BandRow, Fate, Report},
    number::{count, decimals},
    screen::{Ink, Screen},
};

const COLUMN_WIDTH: usize = 14;

pub(super) fn write(screen: &mut Screen, report: &Report<'_>) {
    let finished: Vec<&BandRow> =
        report.bands.iter().filter(|band| band.fate == Fate::Finished).collect();
    let name_width = METRICS.iter().map(|metric| metric.name.len()).max().unwrap_or(0);
    let across = (screen.style.width.saturating_sub(name_width) / COLUMN_WIDTH).max(1);
    for bands in finished.chunks(across) {
        screen.end_line();
        screen.push(&format!("{:<name_width$}", "figures"), Ink::Strong);
        for band in bands {
            screen.push(&format!("{:>COLUMN_WIDTH$}", format!("band {}", band.index)), Ink::Strong);
        }
        screen.end_line();
        for &metric in METRICS {
            write_metric(screen, metric, name_width, bands);
        }
    }
}

fn write_metric(screen: &mut Screen, metric: &Metric, name_width: usize, bands: &[&BandRow]) {
    // What a band lacks is a dash; a metric that all of them lack would be a row of dashes.
    if bands.iter().all(|band| text(band, metric).is_none()) {
        return;
    }
    screen.push(&format!("{:<name_width$}", metric.name), Ink::Plain);
    for band in bands {
        let text = text(band, metric).unwrap_or_else(|| "-".to_owned());
        screen.push(&format!(" {text:>width$}", width = COLUMN_WIDTH - 1), Ink::Plain);
    }
    screen.end_line();
}

fn text(band: &BandRow, metric: &Metric) -> Option<String> {
    match band.cell(metric).as_ref().ok()? {
        Figure::Count(number) => Some(count(*number)),
        Figure::Number(number) => {
            // As many decimals as the figure has.
            let digits = number.to_string();
            let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            Some(decimals(*number, fraction))
        }
        // A list of classes has no room in a column; the verdict names them.
        Figure::Word(word) if word.is_empty() || word.len() >= COLUMN_WIDTH => None,
        Figure::Word(word) => Some(word.clone()),
    }
}
