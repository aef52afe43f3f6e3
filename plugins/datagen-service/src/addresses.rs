//! Addresses of people and companies, drawn with their countries and cities in agreement.

use crate::Draws;

/// A country with its cities; the order is part of the data.
const COUNTRIES: [(&str, [&str; 4]); 10] = [
    ("Australia", ["Sydney", "Melbourne", "Perth", "Hobart"]),
    ("Brazil", ["Recife", "Salvador", "Curitiba", "Manaus"]),
    ("Canada", ["Toronto", "Montreal", "Calgary", "Halifax"]),
    ("France", ["Paris", "Lyon", "Nantes", "Lille"]),
    ("Germany", ["Berlin", "Hamburg", "Leipzig", "Mainz"]),
    ("India", ["Mumbai", "Pune", "Chennai", "Jaipur"]),
    ("Italy", ["Rome", "Turin", "Bari", "Genoa"]),
    ("Japan", ["Tokyo", "Osaka", "Kyoto", "Sapporo"]),
    ("United Kingdom", ["London", "Leeds", "Bristol", "Glasgow"]),
    ("United States", ["Boston", "Denver", "Portland", "Austin"]),
];

const STREETS: [&str; 8] = [
    "Bridge Street",
    "Church Road",
    "Garden Lane",
    "Harbour Street",
    "Main Street",
    "Mill Road",
    "Park Avenue",
    "Station Road",
];

/// Where someone lives; its texts are ASCII letters, digits, blanks and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// With the number of the house.
    pub street: String,
    pub city: &'static str,
    /// Five digits.
    pub postal_code: String,
    pub country: &'static str,
}

impl Address {
    /// The next address of `draws`.
    pub fn draw(draws: &mut Draws) -> Self {
        let (country, cities) = draws.pick(&COUNTRIES).copied().unwrap_or(COUNTRIES[0]);
        let street = draws.pick(&STREETS).copied().unwrap_or_default();
        Self {
            street: format!("{} {street}", draws.between(1, 199)),
            city: draws.pick(&cities).copied().unwrap_or_default(),
            postal_code: format!("{:05}", draws.between(1000, 99_999)),
            country,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, COUNTRIES};
    use crate::Draws;

    #[test]
    fn cities_lie_in_their_countries() {
        for index in 0..200 {
            let address = Address::draw(&mut Draws::new(1, 1, index));
            let country = COUNTRIES.iter().find(|(name, _)| *name == address.country).unwrap();
            assert!(country.1.contains(&address.city), "{address:?}");
            assert_eq!(address.postal_code.len(), 5);
        }
    }
}
