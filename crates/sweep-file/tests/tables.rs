//! Tests that every described key of the tables of settings is read.

use sweep_file::{Overrides, load_text};

const SWEEP: &str = "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n";

#[test]
fn the_sweep_itself_is_good() {
    load_text("test.toml", "test", SWEEP.to_owned(), &Overrides::default()).unwrap();
}

#[test]
fn every_described_key_of_a_table_is_read_by_it() {
    for table in sweep_file::tables() {
        for key in table.keys {
            // No key accepts a date, so every key that is read refuses it.
            let set = format!("{}.{}=1979-05-27", table.name, key.name);
            let overrides = Overrides { set: vec![set.clone()], ..Overrides::default() };
            let problems = load_text("test.toml", "test", SWEEP.to_owned(), &overrides)
                .map(|_| ())
                .expect_err(&set)
                .to_string();
            assert!(
                problems.contains(key.name) && !problems.contains("has no key"),
                "{set}: {problems}"
            );
        }
    }
}
