//! Arguments become an exit status here, and nothing else happens.

use std::process::ExitCode;

fn main() -> ExitCode {
    promoguard::commands::run(std::env::args_os())
}
