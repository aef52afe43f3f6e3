//! Layouts that agree, that grew, and that differ.

#![expect(unsafe_code, reason = "an object of one version is read as one of the other")]
#![expect(non_local_definitions, clippy::mem_forget, reason = "what abi_stable's macros write")]

use abi_stable::StableAbi;
use abi_stable::sabi_trait::prelude::TD_Opaque;
use abi_stable::std_types::{RBox, ROption, RString, RVec, Tuple2};
use expect_test::{Expect, expect};

use super::*;

type Reply<T> = ROption<Tuple2<RString, RVec<T>>>;

fn layout<T: StableAbi>() -> &'static TypeLayout {
    T::LAYOUT
}

#[test]
fn a_type_fits_itself() {
    assert_eq!(check(layout::<Reply<u64>>(), layout::<Reply<u64>>()), Ok(()));
}

#[test]
fn differences_are_named_in_one_line() {
    let compare = |plugin, expected: Expect| {
        expected.assert_eq(&check(layout::<Reply<u64>>(), plugin).unwrap_err());
    };
    compare(
        layout::<Reply<i64>>(),
        expect!["its interface types differ: field_0.field_1.buffer.0.0: type u64 vs i64"],
    );
    compare(
        layout::<Reply<RString>>(),
        expect!["its interface types differ: field_0.field_1.buffer.0.0: type u64 vs RString"],
    );
    compare(
        layout::<RVec<u64>>(),
        expect!["its interface types differ: root module: type ROption vs RVec"],
    );
}

/// An interface, and the same with a method appended.
mod before {
    use abi_stable::sabi_trait;

    #[sabi_trait]
    pub(super) trait Offer {
        #[sabi(last_prefix_field)]
        fn first(&self) -> u32;
    }
}

mod after {
    use abi_stable::sabi_trait;

    #[sabi_trait]
    pub(super) trait Offer {
        #[sabi(last_prefix_field)]
        fn first(&self) -> u32;

        fn second(&self) -> u32 {
            self.first() + 1
        }
    }
}

struct Seven;

impl before::Offer for Seven {
    fn first(&self) -> u32 {
        7
    }
}

impl after::Offer for Seven {
    fn first(&self) -> u32 {
        7
    }

    fn second(&self) -> u32 {
        70
    }
}

type Before = before::Offer_TO<'static, RBox<()>>;
type After = after::Offer_TO<'static, RBox<()>>;

/// abi_stable alone refuses the first of the two: a plugin that is older than its host.
#[test]
fn a_method_may_be_appended_on_either_side() {
    assert_eq!(check(layout::<After>(), layout::<Before>()), Ok(()));
    assert_eq!(check(layout::<Before>(), layout::<After>()), Ok(()));
}

#[test]
fn the_default_body_answers_for_a_plugin_that_lacks_the_method() {
    let old = Before::from_value(Seven, TD_Opaque);
    // SAFETY: both are a pointer to the object and one to a table, whose fields `check` compared; the
    // accessor of the appended one looks whether the table has it.
    let seen: After = unsafe { std::mem::transmute(old) };
    assert_eq!((seen.first(), seen.second()), (7, 8));
    let new = After::from_value(Seven, TD_Opaque);
    assert_eq!((new.first(), new.second()), (7, 70));
}
