//! Names: shops, codes, hosts and channels of this family. Shops, codes, channels and the hosts under a
//! reserved domain are invented; the other hosts are publicly known for what they are.

use std::collections::HashSet;

use crate::random::Random;

/// Where a partner publishes, and how that reaches people.
pub(crate) struct Platform {
    /// The channel in the registry.
    pub(crate) name: &'static str,
    pub(crate) referrer: &'static str,
    /// Share of visitors whose app passes the referrer on.
    pub(crate) passes: f64,
    /// Index of its preview robot among the wire's agents.
    pub(crate) robot: u8,
    /// Index of its in-app browser among the wire's agents, where it has one.
    pub(crate) in_app: Option<u8>,
    /// Median time until a post is seen, and the spread of its logarithm.
    pub(crate) seen_hours: f64,
    pub(crate) seen_sigma: f64,
}

const fn platform(
    (name, referrer): (&'static str, &'static str),
    passes: f64,
    robot: u8,
    in_app: Option<u8>,
    (seen_hours, seen_sigma): (f64, f64),
) -> Platform {
    Platform {
        name,
        referrer,
        passes,
        robot,
        in_app,
        seen_hours,
        seen_sigma,
    }
}

pub(crate) static PLATFORMS: [Platform; 8] = [
    platform(
        ("instagram", "https://l.instagram.com/"),
        0.7,
        9,
        Some(0),
        (5.0, 1.1),
    ),
    platform(
        ("tiktok", "https://www.tiktok.com/"),
        0.35,
        11,
        Some(4),
        (13.0, 1.3),
    ),
    platform(
        ("youtube", "https://www.youtube.com/"),
        0.8,
        11,
        None,
        (40.0, 1.5),
    ),
    platform(
        ("telegram", "https://web.telegram.org/"),
        0.12,
        8,
        None,
        (2.5, 1.2),
    ),
    platform(("vk", "https://away.vk.com/"), 0.8, 10, None, (7.0, 1.1)),
    platform(
        ("threads", "https://l.threads.net/"),
        0.55,
        9,
        Some(1),
        (4.0, 1.0),
    ),
    platform(("blog", "https://dzen.ru/"), 0.75, 11, None, (80.0, 1.3)),
    platform(
        ("bio_page", "https://taplink.cc/"),
        0.9,
        11,
        Some(0),
        (16.0, 1.4),
    ),
];

/// The platform of a Telegram channel in [`PLATFORMS`].
pub(crate) const TELEGRAM: u8 = 3;

/// Coupon and cashback sites by falling popularity; the bool says that people get their money back there.
pub(crate) static SITES: [(&str, bool); 16] = [
    ("promokodi.net", false),
    ("letyshops.com", true),
    ("skid.kz", false),
    ("promokood.ru", false),
    ("backit.me", true),
    ("kodtap.example", false),
    ("skidka.ru", false),
    ("shopingbox.ru", false),
    ("arzandat.example", false),
    ("smarty.sale", true),
    ("promocodex.ru", false),
    ("autokupon.kz", false),
    ("bonus-qaitar.example", true),
    ("promokod-keruen.example", false),
    ("unemdeu.example", false),
    ("sauda-kenes.example", false),
];

/// Public places where deals are posted; forums come last and are slower.
pub(crate) static CHANNELS: [&str; 10] = [
    "https://t.me/s/kunnin_kodtary_demo",
    "https://t.me/skidka_bar_demo",
    "https://web.telegram.org/",
    "https://t.me/mamochki_deals_demo",
    "https://vk.com/kody_dnya_demo",
    "https://www.instagram.com/",
    "https://chat.whatsapp.com/",
    "https://www.pepper.ru/",
    "https://forum-ustukan.example/topic/4471",
    "https://baiga-talk.example/threads/promo",
];
/// The first forum in [`CHANNELS`].
pub(crate) const FIRST_FORUM: usize = 7;

/// Browser extensions that paste codes; how they share their users between them.
pub(crate) static EXTENSIONS: [(&str, f64); 3] = [
    ("auto-kod extension", 0.5),
    ("coupert extension", 0.3),
    ("checkout helper", 0.2),
];

pub(crate) static SEARCHES: [(&str, f64); 4] = [
    ("https://www.google.com/", 0.62),
    ("https://yandex.kz/", 0.2),
    ("https://ya.ru/", 0.13),
    ("https://duckduckgo.com/", 0.05),
];

/// Where a link comes from that a friend sent.
pub(crate) const MESSENGER: &str = "https://web.whatsapp.com/";

static SHOP_NAMES: [&str; 24] = [
    "almaqyz",
    "bereke",
    "condoro",
    "darkhan",
    "enlik",
    "fora",
    "gulzar",
    "izgi",
    "juldyz",
    "karlygash",
    "lashyn",
    "mereke",
    "naryn",
    "orda",
    "perizat",
    "qymbat",
    "raushan",
    "sandyq",
    "tabys",
    "umit",
    "velo",
    "yrys",
    "zerger",
    "shapagat",
];
static SHOP_TAILS: [&str; 9] = [
    "", ".kz", " store", "24", " home", " kids", "-market", " lab", " optics",
];

/// The name of shop number `number`; distinct for distinct numbers.
pub(crate) fn shop(number: usize) -> String {
    let pairs = SHOP_NAMES.len() * SHOP_TAILS.len();
    // 47 has no factor in common with the number of pairs, so every pair comes once before any comes again.
    let pair = number * 47 % pairs;
    let name = SHOP_NAMES[pair % SHOP_NAMES.len()];
    let tail = SHOP_TAILS[pair / SHOP_NAMES.len()];
    match number / pairs {
        0 => format!("{name}{tail}"),
        round => format!("{name}{tail} {}", round + 1),
    }
}

static HANDLES: [&str; 30] = [
    "alua",
    "beka",
    "ZHANAR",
    "Gulim",
    "malika",
    "Tomi",
    "RAYA",
    "sabina",
    "erasyl",
    "Nurai",
    "inkar",
    "KARINA",
    "Dias",
    "meruert",
    "ЖАНЕЛЬ",
    "аружан",
    "Тамерлан",
    "ұлпан",
    "ARINA",
    "yulia",
    "Gleb",
    "vika",
    "STAS",
    "Polina",
    "lera",
    "MIRAS",
    "nazym",
    "aisulu",
    "Balnur",
    "ernur",
];
static WORDS: [&str; 16] = [
    "", "sale", "5", "-10", "12", "GIFT", "kod", "15OFF", "_life", "style", "bala", "2026", "x",
    "home", "SKIN", "fit",
];

/// Draws codes, none twice.
#[derive(Debug, Default)]
pub(crate) struct CodeTexts {
    taken: HashSet<String>,
}

impl CodeTexts {
    pub(crate) fn draw(&mut self, random: &mut Random) -> String {
        let mut text = if random.chance(0.12) {
            // Issued by a machine.
            const LETTERS: [char; 24] = [
                'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'S',
                'T', 'U', 'V', 'W', 'X', 'Y', '7', '9',
            ];
            (0..8).map(|_| random.pick(&LETTERS)).collect()
        } else {
            format!("{}{}", random.pick(&HANDLES), random.pick(&WORDS))
        };
        while !self.taken.insert(text.to_lowercase()) {
            text = format!(
                "{}{}{}",
                random.pick(&HANDLES),
                random.pick(&WORDS),
                random.below(10_000_000)
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_have_names_of_their_own() {
        let names: HashSet<String> = (0..2_000).map(shop).collect();
        assert_eq!(names.len(), 2_000);
    }
}
