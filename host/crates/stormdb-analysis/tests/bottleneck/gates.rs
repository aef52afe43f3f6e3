//! What keeps a band from being judged at all.

use stormdb_analysis::bottleneck::{
    Limit, bottlenecks, component::Component, gates::Undetermined, observed::ObservedBand,
};

use crate::band::{alone, crowd, found, verdict};

type Change = fn(&mut ObservedBand);

fn refused(change: impl FnOnce(&mut ObservedBand)) -> Limit {
    let mut band = crowd("active/Lock:tuple");
    change(&mut band);
    verdict(&alone(), &band).limit
}

#[test]
fn every_gate_has_its_name() {
    assert_eq!(refused(|_| {}), Limit::Of(Component::Lock));
    let cases: [(Change, Undetermined); 9] = [
        (|band| band.sampler_hz = None, Undetermined::NotSampled),
        (|band| band.response_s = None, Undetermined::NothingCompleted),
        (|band| band.seconds.truncate(5), Undetermined::TooShort),
        (|band| band.error_rate = 0.01, Undetermined::Errors),
        (|band| band.little_ratio = Some(0.94), Undetermined::LittlesLaw),
        (|band| band.little_ratio = None, Undetermined::LittlesLaw),
        (|band| band.sampler_hz = Some(7.9), Undetermined::SamplerSlow),
        (
            |band| {
                for (number, second) in (1..).zip(&mut band.seconds) {
                    second.operations *= f64::from(number);
                }
            },
            Undetermined::NotSteady,
        ),
        (
            |band| {
                for second in &mut band.seconds {
                    second.backends = [("active/Lock:tuple".to_owned(), 14)].into();
                }
            },
            Undetermined::FewSamples,
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(refused(change), Limit::Undetermined(expected));
    }
}

#[test]
fn names_are_stable() {
    assert_eq!(Limit::Undetermined(Undetermined::Errors).name(), "undetermined");
    assert_eq!(Limit::Of(Component::Lwlock).name(), "lwlock");
}

/// The smallest band is full of errors, so that the next one is compared with.
#[test]
fn the_reference_is_the_smallest_band_that_is_whole() {
    let mut broken = alone();
    broken.error_rate = 0.2;
    let mut next = alone();
    next.workers = 2;
    let ladder = found(&[broken.clone(), next, crowd("active/Lock:tuple")]);
    assert_eq!(ladder.reference, Some(1));
    assert_eq!(ladder.bands[0].limit, Limit::Undetermined(Undetermined::Errors));
    assert_eq!(ladder.bands[1].limit, Limit::None);
    assert_eq!(ladder.bands[2].limit, Limit::Of(Component::Lock));

    let mut loaded = crowd("active/Lock:tuple");
    loaded.error_rate = 0.2;
    let ladder = found(&[broken, loaded]);
    assert_eq!(ladder.reference, None);
}

#[test]
fn nothing_is_found_in_nothing_and_nonsense_is_refused() {
    let none = found(&[]);
    assert_eq!((none.reference, none.decisive, none.bands.len()), (None, None, 0));
    let mut nonsense = alone();
    nonsense.client.lag_p99_s = Some(f64::NAN);
    assert_eq!(bottlenecks(&[nonsense], None, 1).unwrap_err().id(), "non_finite");
}
