//! Names of this family's shops, codes, hosts and channels. Shops, codes and channels are invented.

use std::collections::HashSet;

use crate::random::Random;

/// Hosts of coupon and cashback sites that are publicly known as such.
pub(crate) static LISTED_SITES: [&str; 14] = [
    "promokodus.com",
    "promokodi.net.ru",
    "promokood.ru",
    "promocod.ru",
    "promocodex.ru",
    "skidka.ru",
    "kuponman.ru",
    "simplybestcoupons.com",
    "letyshops.com",
    "backit.me",
    "kopikot.ru",
    "smarty.sale",
    "autokupon.kz",
    "skid.kz",
];

/// Hosts that no list knows, under a reserved domain; some carry a telling word, most do not.
pub(crate) static UNLISTED_SITES: [&str; 12] = [
    "sale-radar.example",
    "kupony-shymkent.example",
    "promokody-tut.example",
    "arzandatu.example",
    "zhomart.example",
    "qalta.example",
    "vygoda-blog.example",
    "keshbek-aul.example",
    "bonus-dana.example",
    "tapsyrys.example",
    "mama-ekonomit.example",
    "satyp-al.example",
];

pub(crate) static CHANNELS: [&str; 10] = [
    "https://t.me/s/jarty_baga_demo",
    "https://t.me/promo_daily_demo",
    "https://t.me/skidki_kz_24_demo",
    "https://t.me/s/mamochki_astana_demo",
    "https://vk.com/halyava_demo",
    "https://web.telegram.org/",
    "https://chat.whatsapp.com/",
    "https://t.me/",
    "https://www.pepper.ru/",
    "https://dzen.ru/",
];

/// Channel in the registry, referrer, index of its preview robot among the agents, share of partners.
pub(crate) static PLATFORMS: [(&str, &str, u8, f64); 7] = [
    ("instagram", "https://l.instagram.com/", 9, 0.42),
    ("tiktok", "https://www.tiktok.com/", 11, 0.24),
    ("youtube", "https://www.youtube.com/redirect", 11, 0.12),
    ("telegram", "https://t.me/", 8, 0.1),
    ("vk", "https://m.vk.com/", 10, 0.06),
    ("threads", "https://www.threads.com/", 9, 0.03),
    ("podcast", "https://podcasts.apple.com/", 11, 0.03),
];

pub(crate) static SEARCHES: [&str; 4] = [
    "https://www.google.com/",
    "https://www.google.kz/",
    "https://yandex.kz/",
    "https://ya.ru/",
];

pub(crate) static MESSENGERS: [&str; 4] = [
    "https://web.whatsapp.com/",
    "https://web.telegram.org/",
    "https://t.me/",
    "https://www.facebook.com/messages",
];

/// Marketplaces, and their weights in Kazakhstan and in Russia.
pub(crate) static MARKETPLACES: [(&str, [f64; 2]); 4] = [
    ("kaspi", [0.55, 0.0]),
    ("halyk", [0.2, 0.0]),
    ("wildberries", [0.13, 0.55]),
    ("ozon", [0.12, 0.45]),
];

static SHOP_FIRST: [&str; 17] = [
    "kok", "ak", "jana", "umai", "tomiris", "barys", "saryarqa", "esil", "tau", "zher", "keruen",
    "meruert", "shapaq", "torgai", "alma", "jibek", "qyran",
];
static SHOP_SECOND: [&str; 13] = [
    "cosmetics",
    "run",
    "gadget",
    "deco",
    "toys",
    "denim",
    "tea",
    "optics",
    "pets",
    "watch",
    "vita",
    "tools",
    "phone",
];

/// The name of shop number `number`; distinct for distinct numbers.
pub(crate) fn shop(number: usize) -> String {
    let pairs = SHOP_FIRST.len() * SHOP_SECOND.len();
    // 60 has no factor in common with the number of pairs, so every pair comes once before any comes again.
    let pair = number * 60 % pairs;
    let (first, second) = (
        SHOP_FIRST[pair % SHOP_FIRST.len()],
        SHOP_SECOND[pair / SHOP_FIRST.len()],
    );
    match number / pairs {
        0 => format!("{first}.{second}"),
        round => format!("{first}.{second}{}", round + 1),
    }
}

static PEOPLE: [&str; 34] = [
    "Gulnaz",
    "AIZHAN",
    "Botagoz",
    "ZHANEL",
    "Meruyert",
    "RAUSHAN",
    "Aliya",
    "TOMIRIS",
    "Ayana",
    "NAZERKE",
    "Damir",
    "YERBOL",
    "Askar",
    "BAUYRZHAN",
    "Olzhas",
    "RAKHAT",
    "vika",
    "SONYA",
    "polina",
    "YANA",
    "kirill",
    "GLEB",
    "roma",
    "STAS",
    "МЕРУЕРТ",
    "ЖАНЕЛЬ",
    "АЯНА",
    "СОНЯ",
    "ГҮЛНАЗ",
    "ӨМІР",
    "life_of_",
    "theblog_",
    "mr",
    "cafe",
];
static TAILS: [&str; 13] = [
    "", "5", "7", "12", "15", "30", "_sale", "-online", "LOVE", "KZ", "_2026", "GO", "!",
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
            let number = random.below(10_000_000);
            text = format!("{}{number}{}", random.pick(&PEOPLE), random.pick(&TAILS));
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
