//! The style sheet and the script, inside the program, with a hash in their names so that browsers
//! may keep them for ever.

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("assets/console.css");
const SCRIPT: &str = include_str!("assets/console.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Addresses of the files.
pub(crate) struct Addresses {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
}

pub(crate) static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    style: address("console", STYLE, "css"),
    script: address("console", SCRIPT, "js"),
    icon: address("icon", ICON, "svg"),
});

fn address(name: &str, content: &str, ending: &str) -> String {
    let digest = Sha256::digest(content);
    let hash: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("/assets/{name}.{hash}.{ending}")
}

/// The file of this name.
pub(crate) fn file(name: &str) -> Response {
    let path = format!("/assets/{name}");
    let (kind, content) = if path == ADDRESSES.style {
        ("text/css; charset=utf-8", STYLE)
    } else if path == ADDRESSES.script {
        ("text/javascript; charset=utf-8", SCRIPT)
    } else if path == ADDRESSES.icon {
        ("image/svg+xml", ICON)
    } else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, content).into_response()
}
