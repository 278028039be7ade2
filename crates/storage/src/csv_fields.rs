//! How the text of a CSV cell becomes a JSON value, by the name of its column.
