//! The data set: six tables, their indexes, one schema.

mod indexes;
mod tables;

use dataset::Dataset;

use crate::{
    SCHEMA,
    catalogue::{Catalogue, FORMAT},
};

pub(crate) const DATASET: Dataset<Catalogue> = Dataset {
    schema: SCHEMA,
    format: FORMAT,
    objects: &[],
    tables: &tables::ALL,
    indexes: &indexes::INDEXES,
    constraints: &[],
};
