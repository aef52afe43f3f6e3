//! Pure statistics of a scaling run: numbers in, findings with uncertainty out
