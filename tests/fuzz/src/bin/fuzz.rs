//! One target of the table under libFuzzer, named by ADIT_FUZZ: `cargo xtask fuzz` builds and runs it.
#![no_main]

use adit_fuzz::{Target, chosen};
use std::sync::LazyLock;

static CHOSEN: LazyLock<&Target> = LazyLock::new(chosen);

libfuzzer_sys::fuzz_target!(init: LazyLock::force(&CHOSEN), |input: &[u8]| (CHOSEN.run)(input));
