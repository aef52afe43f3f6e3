//! The JSON documents of the tables.

use datagen_service::Address;
use serde::Serialize;
use stormdb_plugin_api::{Error, Result};

/// `preferences` of a user.
#[derive(Serialize)]
pub struct Preferences {
    pub newsletter: bool,
    pub language: &'static str,
    pub category: &'static str,
}

/// `dimensions` of a product, in millimetres.
#[derive(Serialize)]
pub struct Dimensions {
    pub length: i32,
    pub width: i32,
    pub height: i32,
}

/// `attributes` of a product.
#[derive(Serialize)]
pub struct Attributes {
    pub colour: &'static str,
    pub material: &'static str,
    pub warranty_months: i32,
}

/// `shipping_address` and `billing_address` of an order.
#[derive(Serialize)]
pub struct Place<'a> {
    pub street: &'a str,
    pub city: &'a str,
    pub postal_code: &'a str,
    pub country: &'a str,
}

impl<'a> From<&'a Address> for Place<'a> {
    fn from(address: &'a Address) -> Self {
        let Address { street, city, postal_code, country } = address;
        Self { street, city, postal_code, country }
    }
}

/// A document as text.
///
/// # Errors
/// It has no JSON form.
pub fn json(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document)
        .map_err(|error| Error::workload(format!("a document has no JSON form: {error}")))
}
