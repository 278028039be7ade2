//! A corpus of hostile and careless records, each with the verdict it must get.

use promoguard_event::{Decoder, DecoderLimits, PseudonymKey, Topic};

const CORPUS: &str = include_str!("corpus/nasty.txt");

/// Raw bytes of a record of the corpus, whose first lines explain the notation.
fn bytes_of(record: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = record;
    while let Some((before, tail)) = rest.split_once('⟨') {
        bytes.extend_from_slice(before.as_bytes());
        let (inside, tail) = tail.split_once('⟩').expect("a closing bracket");
        match inside.split_once('×') {
            Some((count, text)) => {
                let count: usize = count.parse().expect("a count before ×");
                bytes.extend_from_slice(text.repeat(count).as_bytes());
            }
            None => bytes.extend((0..inside.len()).step_by(2).map(|at| {
                u8::from_str_radix(&inside[at..at + 2], 16).expect("two hexadecimal digits")
            })),
        }
        rest = tail;
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn verdict(decoder: &mut Decoder, topic: Topic, raw: &[u8]) -> String {
    match decoder.decode(topic, raw) {
        Ok(decoded) => {
            let mut defects: Vec<&str> = decoded.defects.iter().map(|f| f.as_str()).collect();
            defects.sort_unstable();
            [vec!["ok"], defects].concat().join(" ")
        }
        Err(error) => match error.field {
            Some(field) => format!("{}:{}", error.kind.as_str(), field.as_str()),
            None => error.kind.as_str().to_owned(),
        },
    }
}

#[test]
fn every_record_of_the_corpus_gets_its_verdict() {
    let mut decoder = Decoder::new(PseudonymKey::new([1; 32]), DecoderLimits::default());
    let mut cases = 0;
    let mut wrong = Vec::new();
    for block in CORPUS.split("\n\n") {
        let block: Vec<&str> = block
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let Some((head, record)) = block.split_first() else {
            continue;
        };
        let (topic, expected) = head.split_once(' ').expect("a topic and a verdict");
        let topic = Topic::ALL
            .into_iter()
            .find(|known| known.as_str() == topic)
            .expect("a known topic");
        let mut expected: Vec<&str> = expected.split(' ').collect();
        expected[1..].sort_unstable();
        let raw = bytes_of(&record.join("\n"));
        let got = verdict(&mut decoder, topic, &raw);
        if got != expected.join(" ") {
            wrong.push(format!("{head}\n{}\n  got {got}", record.join("\n")));
        }
        cases += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(cases > 130, "only {cases} cases were read");
}
