//! Names: shops, codes, hosts. Shops, codes and channels are invented.

use std::collections::HashSet;

use crate::random::Random;

/// Hosts of coupon and cashback sites that are publicly known as such.
pub(crate) static LISTED_COUPON_HOSTS: [&str; 12] = [
    "promokodus.com",
    "promokodi.net",
    "promokodik.ru",
    "berikod.ru",
    "promko.net",
    "skidkaonline.ru",
    "pepper.ru",
    "edadeal.ru",
    "letyshops.com",
    "megabonus.com",
    "skid.kz",
    "mirkuponov.kz",
];

/// Hosts of coupon sites that no list knows, under a reserved domain; some carry a telling word, some do not.
pub(crate) static UNLISTED_COUPON_HOSTS: [&str; 8] = [
    "zhenildik-kz.example",
    "kupon-almaty.example",
    "promokod-dala.example",
    "arzan-baga.example",
    "tiyn-saqta.example",
    "olzha-tap.example",
    "berekeli.example",
    "tenge-club.example",
];

pub(crate) static DEAL_CHANNELS: [&str; 8] = [
    "https://t.me/arzan_baga_demo",
    "https://t.me/s/skidki_almaty_demo",
    "https://t.me/promo_kz_demo",
    "https://t.me/halyava_astana_demo",
    "https://web.telegram.org/",
    "https://vk.com/skidki_demo",
    "https://vk.com/away.php",
    "https://t.me/s/kod_dnya_demo",
];

pub(crate) static PLATFORMS: [(&str, &str, u8); 6] = [
    // Channel in the registry, referrer, index of its preview robot among the agents.
    ("instagram", "https://l.instagram.com/", 9),
    ("tiktok", "https://www.tiktok.com/", 11),
    ("youtube", "https://www.youtube.com/", 11),
    ("telegram", "https://t.me/", 8),
    ("vk", "https://vk.com/away.php", 10),
    ("blog", "https://dzen.ru/", 11),
];

pub(crate) static SEARCHES: [&str; 3] = [
    "https://www.google.com/",
    "https://yandex.kz/",
    "https://go.mail.ru/",
];

static SHOP_FIRST: [&str; 16] = [
    "aru", "dala", "tulpar", "saiman", "zhibek", "altyn", "nomad", "sulu", "bala", "qadam",
    "samal", "otau", "tengri", "shanyraq", "arman", "kerbez",
];
static SHOP_SECOND: [&str; 14] = [
    "beauty", "sport", "tech", "home", "kids", "style", "food", "market", "books", "shoes",
    "pharm", "garden", "auto", "mobile",
];

/// The name of shop number `number`; distinct for distinct numbers.
pub(crate) fn shop(number: usize) -> String {
    let pairs = SHOP_FIRST.len() * SHOP_SECOND.len();
    // 85 has no factor in common with the number of pairs, so every pair comes once before any comes again.
    let pair = number * 85 % pairs;
    let first = SHOP_FIRST[pair % SHOP_FIRST.len()];
    let second = SHOP_SECOND[pair / SHOP_FIRST.len()];
    match number / pairs {
        0 => format!("{first}-{second}"),
        round => format!("{first}-{second}-{}", round + 1),
    }
}

static PEOPLE: [&str; 36] = [
    "AIGERIM",
    "DANA",
    "MADINA",
    "ASEL",
    "KAMILA",
    "AIDA",
    "TOGZHAN",
    "ZARINA",
    "AMINA",
    "DINARA",
    "SALTANAT",
    "INJU",
    "ALISHER",
    "DANIYAR",
    "TIMUR",
    "ARMAN",
    "SANZHAR",
    "NURLAN",
    "ERLAN",
    "RUSLAN",
    "Anya",
    "Masha",
    "Olga",
    "Lena",
    "Katya",
    "Nastya",
    "Maxim",
    "Ivan",
    "Denis",
    "Artem",
    "АЙГЕРИМ",
    "ДАНА",
    "ӘСЕЛ",
    "ҚАМҚА",
    "МАША",
    "ЛЕНА",
];
static TAILS: [&str; 14] = [
    "", "10", "15", "20", "_KZ", "-FIT", "BEAUTY", "25", "30", "_ALMATY", "VIP", "2026", "MAMA",
    "500",
];

/// Draws codes, none twice.
#[derive(Debug, Default)]
pub(crate) struct CodeTexts {
    taken: HashSet<String>,
}

impl CodeTexts {
    pub(crate) fn draw(&mut self, random: &mut Random) -> String {
        let mut text = format!("{}{}", random.pick(&PEOPLE), random.pick(&TAILS));
        while !self.taken.insert(text.to_lowercase()) {
            text = format!(
                "{}{}{}",
                random.pick(&PEOPLE),
                random.pick(&TAILS),
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
