//! The service as a dependent sees it.

use std::collections::BTreeSet;

use datagen_service::{Datagen as Client, DatagenV1, PLUGIN, TextKind, Texts};
use expect_test::{Expect, expect};
use stormdb_plugin_api::{
    Create, NoWorkload, Plugin, Result, Service as _, ServiceExport,
    describe::Description,
    testing::{Asked, TestHost},
};

use crate::Datagen;

const KINDS: [TextKind; 5] =
    [TextKind::Name, TextKind::Title, TextKind::Sentence, TextKind::Paragraph, TextKind::Token];

/// A plugin that depends on the service: it takes it in `create` and hands it out.
struct Dependent;

thread_local! {
    static TAKEN: std::cell::Cell<Option<Client>> = const { std::cell::Cell::new(None) };
}

impl Plugin for Dependent {
    type Workload = NoWorkload;

    fn describe() -> Description {
        Description::new("dependent", "1.0.0")
    }

    fn create(create: Create<'_>) -> Result<NoWorkload> {
        TAKEN.set(Some(Client::import(&create.host)?));
        Err(stormdb_plugin_api::Error::workload("taken"))
    }
}

fn client() -> Client {
    let export: &'static ServiceExport = Datagen::service(DatagenV1::ID).unwrap();
    let host = TestHost::default().with_service::<DatagenV1>(PLUGIN, export);
    drop(host.create::<Dependent>(Asked::default()));
    TAKEN.take().unwrap()
}

#[test]
fn a_host_without_the_plugin_is_named() {
    let error = TestHost::default().create::<Dependent>(Asked::default()).err().unwrap();
    let expected = "plugin `stormdb-datagen` does not export the service `stormdb.datagen.v1`";
    assert_eq!(error.message(), expected);
}

#[test]
fn there_are_no_workloads() {
    assert!(Datagen::describe().workloads.is_empty());
    assert!(Datagen::service("stormdb.datagen.v0").is_none());
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    assert!(manifest["package"]["metadata"]["stormdb"]["workloads"].as_array().unwrap().is_empty());
}

#[test]
fn the_texts_of_a_seed_are_fixed() {
    let check = |kind, expected: Expect| {
        let mut texts = Texts::default();
        client().fill(kind, 42, 1..4, &mut texts).unwrap();
        expected.assert_eq(&texts.iter().collect::<Vec<_>>().join("\n"));
    };
    check(
        TextKind::Name,
        expect![[r#"
        Theo Lopez
        Lara Moreau
        Nora Ricci"#]],
    );
    check(
        TextKind::Title,
        expect![[r#"
        Gate and Queen
        Cathedral and Season
        Oath of the Lighthouse"#]],
    );
    check(
        TextKind::Sentence,
        expect![[r#"
        A distant teacher seeks the journey of the stolen hotel under a false name.
        A proud hunter hears the map of the midnight pass with nothing left to lose.
        A midnight editor mends the arrow of the lost mill under a false name."#]],
    );
    check(
        TextKind::Paragraph,
        expect![[r#"
        A loud mayor fears the sun of the crooked river only to lose everything. A small gambler keeps the chance of the western cathedral during a long strike. A sleeping surgeon counts the debt of the second archive only to lose everything.
        An open writer leaves the train of the hungry kingdom but nobody believes it. An idle traveller searches the wind of the broken monastery together with an old rival.
        A fragile merchant needs the tide of the tired mountain on the day of the wedding. A white biologist solves the pilot of the bright fortress in the middle of winter. A fallen traveller searches the sun of the wise tower but nobody believes it."#]],
    );
    check(
        TextKind::Token,
        expect![[r#"
        bfy6bWG0h7unrkkVHlYQg41OnGtOJM8B
        Y9XJdBx0O6zoolOlISuaoiuxICFs5XMX
        9KjjDYjGN14aAKFpGk7TG5wPY2EJpTaS"#]],
    );
}

#[test]
fn a_batch_is_the_same_as_its_texts_one_by_one() {
    let client = client();
    for kind in KINDS {
        let mut batch = Texts::default();
        client.fill(kind, 7, 100..150, &mut batch).unwrap();
        let single: Vec<_> = (100..150).map(|index| client.text(kind, 7, index).unwrap()).collect();
        assert_eq!(batch.iter().collect::<Vec<_>>(), single, "{kind:?}");
    }
}

#[test]
fn seeds_kinds_and_indexes_vary_the_texts() {
    let client = client();
    for kind in KINDS {
        let texts = |seed| -> BTreeSet<String> {
            (0..200).map(|index| client.text(kind, seed, index).unwrap()).collect()
        };
        assert!(texts(1).len() > 150, "{kind:?} repeats itself");
        assert_ne!(texts(1), texts(2), "{kind:?}");
    }
}

#[test]
fn texts_need_no_escaping_and_have_the_promised_form() {
    let client = client();
    let allowed = |c: char| c.is_ascii_alphanumeric() || " .,'-".contains(c);
    for kind in KINDS {
        for index in 0..2000 {
            let text = client.text(kind, 3, index).unwrap();
            assert!(!text.is_empty() && text.chars().all(allowed), "{kind:?}: {text}");
            assert!(!text.contains("  ") && text.trim() == text, "{kind:?}: {text}");
            let fits = match kind {
                TextKind::Name => text.split(' ').count() == 2,
                TextKind::Title => (1..=5).contains(&text.split(' ').count()),
                TextKind::Sentence => text.len() < 120 && text.matches('.').count() == 1,
                TextKind::Paragraph => (2..=4).contains(&text.matches('.').count()),
                TextKind::Token => text.len() == 32,
            };
            assert!(fits, "{kind:?}: {text}");
        }
    }
}
