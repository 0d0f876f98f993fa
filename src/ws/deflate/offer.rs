//! What a client offers: Sec-WebSocket-Extensions by its grammar (RFC 6455 §9.1), and the
//! parameters of permessage-deflate by theirs (RFC 7692 §7.1).

use super::{GREATEST_WINDOW, LEAST_WINDOW};
use crate::ws::Refusal;

/// One offer of an extension, with its parameters in the order sent.
struct Offer<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<String>)>,
}

/// The answer to the first offer that can be met, and the window it asks for; `None` if there is
/// none. A field that is against the grammar fails the handshake (RFC 6455 §9.1).
pub(super) fn agree(field: &str) -> Result<Option<(String, u8)>, Refusal> {
    let offers = Reader { rest: field }
        .offers()
        .ok_or(Refusal::Malformed("Sec-WebSocket-Extensions is malformed"))?;
    let mut deflate = offers.iter().filter(|offer| offer.name == NAME);
    Ok(deflate.find_map(answer))
}

/// RFC 7692 §7.1: an offer with a parameter that is unknown, is there twice, or has a value that it
/// may not have is declined.
fn answer(offer: &Offer<'_>) -> Option<(String, u8)> {
    let mut asked = None;
    for (n, (name, value)) in offer.parameters.iter().enumerate() {
        if offer.parameters[..n].iter().any(|(other, _)| other == name) {
            return None;
        }
        match (*name, value.as_deref()) {
            ("server_no_context_takeover" | "client_no_context_takeover", None) => {}
            // §7.1.2.2: a hint that needs no answer. The window for inflating is the largest.
            ("client_max_window_bits", value) => _ = value.map_or(Some(0), bits)?,
            ("server_max_window_bits", Some(value)) => asked = Some(bits(value)?),
            _ => return None,
        }
    }
    let window = asked.unwrap_or(GREATEST_WINDOW);
    // §7.1.2.1: who cannot compress for such a window declines.
    if window < LEAST_WINDOW {
        return None;
    }
    let asked = asked.map(|bits| format!("; server_max_window_bits={bits}"));
    // §7.1.1: both may stand in an answer without having been asked for.
    let answer = format!(
        "{NAME}; server_no_context_takeover; client_no_context_takeover{}",
        asked.unwrap_or_default()
    );
    Some((answer, window))
}

/// §7.1.2: 8 to 15, in decimal and without a zero before it.
fn bits(value: &str) -> Option<u8> {
    (8..=15).find(|bits| bits.to_string() == value)
}

/// What is left of a field.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// A list of offers; empty elements count for nothing (RFC 9110 §5.6.1.2).
    fn offers(mut self) -> Option<Vec<Offer<'a>>> {
        let mut offers = Vec::new();
        loop {
            while self.eat(',') {}
            if self.rest.is_empty() {
                return Some(offers);
            }
            offers.push(self.offer()?);
            if !self.rest.is_empty() && !self.eat(',') {
                return None;
            }
        }
    }

    fn offer(&mut self) -> Option<Offer<'a>> {
        let name = self.token()?;
        let mut parameters = Vec::new();
        while self.eat(';') {
            let name = self.token()?;
            let value = match self.eat('=') {
                true => Some(self.value()?),
                false => None,
            };
            parameters.push((name, value));
        }
        Some(Offer { name, parameters })
    }

    /// A token, or a string in quotes that holds one (RFC 6455 §9.1).
    fn value(&mut self) -> Option<String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            return self.token().map(str::to_owned);
        };
        self.rest = quoted;
        let mut value = String::new();
        loop {
            let mut letters = self.rest.chars();
            let letter = match letters.next()? {
                '"' => break,
                '\\' => letters.next()?,
                letter => letter,
            };
            value.push(letter);
            self.rest = letters.as_str();
        }
        self.rest = &self.rest[1..];
        self.skip_space();
        (!value.is_empty() && value.chars().all(is_token)).then_some(value)
    }

    fn token(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|letter| !is_token(letter));
        let (token, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        self.skip_space();
        (!token.is_empty()).then_some(token)
    }

    fn eat(&mut self, letter: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        self.skip_space();
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }
}

/// RFC 9110 §5.6.2.
fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}

const NAME: &str = "permessage-deflate";

#[cfg(test)]
mod tests {
    use super::*;

    /// What a field is answered: the bits that the answer names, or 0 if it names none.
    fn said(field: &str) -> Result<Option<u8>, ()> {
        let agreed = agree(field).map_err(|_| ())?;
        Ok(agreed.map(|(answer, window)| {
            let rest = answer.strip_prefix(BOTH).unwrap();
            let bits = rest.strip_prefix("; server_max_window_bits=");
            assert_eq!(window, bits.map_or(15, |bits| bits.parse().unwrap()));
            bits.map_or(0, |_| window)
        }))
    }

    const BOTH: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    #[track_caller]
    fn check(field: &str, expected: Option<u8>) {
        assert_eq!(said(field), Ok(expected), "{field}");
    }

    /// The one offer, with these parameters.
    #[track_caller]
    fn deflate(parameters: &str, expected: Option<u8>) {
        check(&format!("permessage-deflate; {parameters}"), expected);
    }

    #[test]
    fn an_offer_is_judged_by_each_of_its_parameters() {
        check("permessage-deflate", Some(0));
        deflate("client_max_window_bits", Some(0)); // what browsers say
        deflate("client_max_window_bits=8", Some(0));
        deflate("client_max_window_bits=15", Some(0));
        deflate("client_max_window_bits=\"10\"", Some(0));
        deflate("client_max_window_bits=7", None);
        deflate("client_max_window_bits=16", None);
        deflate("client_max_window_bits=09", None);
        deflate("client_max_window_bits=+9", None);
        deflate("client_max_window_bits=x", None);
        deflate("client_no_context_takeover", Some(0));
        deflate("client_no_context_takeover=1", None);
        deflate("server_no_context_takeover", Some(0));
        deflate("server_no_context_takeover=true", None);
        deflate("server_max_window_bits=15", Some(15));
        deflate("server_max_window_bits = \"1\\0\"", Some(10));
        deflate("server_max_window_bits=9", Some(9));
        deflate("server_max_window_bits=8", None); // zlib cannot
        deflate("server_max_window_bits", None);
        deflate("server_max_window_bits=010", None);
        deflate("server_max_window_bits=256", None);
        deflate("server_max_window_bits=10;server_max_window_bits=10", None);
        deflate("client_max_window_bits;client_max_window_bits=9", None);
        deflate(
            "client_no_context_takeover;client_no_context_takeover",
            None,
        );
        deflate("unknown", None);
        deflate("Server_no_context_takeover", None);
        check("permessage-deflat", None);
        check("x-webkit-deflate-frame", None);
        check("", None);
    }

    #[test]
    fn the_first_offer_that_can_be_met_is_taken() {
        let d = "permessage-deflate";
        check(
            &format!("{d};server_max_window_bits=8,{d};server_max_window_bits=9,{d}"),
            Some(9),
        );
        check(&format!("{d};mode=fast , {d}"), Some(0));
        check(
            &format!("other;a=\"b\", ,{d}; server_no_context_takeover,{d};x"),
            Some(0),
        );
        check(&format!(",,{d}\t;\tclient_max_window_bits=12 ,"), Some(0));
        check(&format!("{d};a, {d};b"), None);
    }

    #[test]
    fn a_field_against_the_grammar_fails_the_handshake() {
        for field in [
            "permessage-deflate;",
            "permessage-deflate; ;client_max_window_bits",
            "permessage-deflate; client_max_window_bits=",
            "permessage-deflate; client_max_window_bits=\"10",
            "permessage-deflate; client_max_window_bits=\"\"",
            "permessage-deflate; client_max_window_bits=\"1 0\"",
            "permessage-deflate; client_max_window_bits=\"10\\",
            "permessage-deflate client_max_window_bits",
            "permessage-deflate; =10",
            "permessage-deflate, =",
            "permessage/deflate",
            "permessage-deflate; ä",
            ";",
        ] {
            assert_eq!(said(field), Err(()), "{field}");
        }
    }
}
