//! CORS: the pages of which other origins may read our answers. The list of them is the core's, and
//! also rules whose pages may open a WebSocket.

use crate::{Hub, Request, Response};

/// The origin of the page that sends a request, if it is let in and there is a list of origins.
pub(super) fn origin<'r>(hub: &mut Hub, request: &Request<'r>) -> Option<&'r str> {
    let admitted = hub.admits_origin(request) && !hub.config().origins.is_empty();
    request.header("origin").filter(|_| admitted)
}

/// Lets a page of that origin read an answer. If the list names it, and does not just mean it by
/// `*`, the page may send cookies as well.
pub(super) fn allow(response: Response, hub: &Hub, origin: Option<&str>) -> Response {
    let origins = &hub.config().origins;
    if origins.is_empty() {
        return response;
    }
    let response = match response.field("vary") {
        None => response.header("Vary", "Origin"),
        Some(_) => response,
    };
    let Some(origin) = origin else {
        return response;
    };
    let response = response.header("Access-Control-Allow-Origin", origin.to_owned());
    match origins
        .iter()
        .any(|known| known.eq_ignore_ascii_case(origin))
    {
        true => response.header("Access-Control-Allow-Credentials", "true"),
        false => response,
    }
}

/// What a browser asks before it sends a request to a foreign host.
pub(super) fn preflight(request: &Request<'_>) -> Response {
    let response = Response::new(204)
        .header("Content-Length", "0")
        .header(
            "Access-Control-Allow-Methods",
            "GET,HEAD,PUT,PATCH,POST,DELETE",
        )
        .header("Vary", "Origin, Access-Control-Request-Headers");
    match request.header("access-control-request-headers") {
        Some(fields) => response.header("Access-Control-Allow-Headers", fields.to_owned()),
        None => response,
    }
}
