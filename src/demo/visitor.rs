//! Who asks the shop for what: the user, the session, the tenant and the goods of one request.

use opentelemetry::{Array, KeyValue, StringValue, Value};

use super::random::Random;
use super::scenario::Note;

/// Something on sale.
#[derive(Debug, PartialEq)]
pub(super) struct Product {
    pub sku: &'static str,
    pub title: &'static str,
    pub category: &'static str,
    /// In yuan.
    pub price: f64,
}

const fn product(
    sku: &'static str,
    title: &'static str,
    category: &'static str,
    price: f64,
) -> Product {
    Product {
        sku,
        title,
        category,
        price,
    }
}

static PRODUCTS: [Product; 16] = [
    product("TEA-0101", "西湖龙井 明前特级 250g", "茶叶", 388.0),
    product("TEA-0102", "正山小种 红茶 罐装", "茶叶", 168.0),
    product("KTC-0207", "真不锈钢保温杯 500ml", "厨具", 89.9),
    product("KTC-0211", "Cast-iron skillet 26 cm", "厨具", 219.0),
    product("ELE-0303", "降噪蓝牙耳机 Pro", "数码", 1299.0),
    product("ELE-0309", "65W 氮化镓充电器", "数码", 129.0),
    product("ELE-0310", "Mechanical keyboard, 87 keys", "数码", 499.0),
    product("BOK-0401", "《红楼梦》 精装插图本", "图书", 98.0),
    product("BOK-0402", "《三体》 全三册", "图书", 93.0),
    product("BOK-0417", "Designing for Failure", "图书", 148.5),
    product("SPT-0502", "碳纤维羽毛球拍", "运动", 369.0),
    product("SPT-0508", "轻便折叠雨伞 ☂", "日用", 59.0),
    product("TOY-0601", "木质拼图 长城 1000片", "玩具", 75.0),
    product("FRU-0702", "阳澄湖大闸蟹 礼盒 8只", "生鲜", 668.0),
    product("FRU-0705", "烟台红富士苹果 5kg", "生鲜", 69.9),
    product("CLO-0803", "真丝围巾 “江南”", "服饰", 259.0),
];

const NICKNAMES: [&str; 12] = [
    "小明",
    "李雷",
    "韩梅梅",
    "王芳",
    "张伟",
    "茶馆老板",
    "Élodie",
    "Jürgen",
    "O'Brien",
    "Наташа",
    "さくら",
    "猫 🐈",
];
const TENANTS: [&str; 4] = [
    "hangzhou-flagship",
    "shanghai-flagship",
    "outlet",
    "wholesale",
];
const SEARCHES: [&str; 8] = [
    "龙井",
    "保温杯 500ml",
    "蓝牙耳机",
    "雨伞",
    "大闸蟹",
    "keyboard",
    "gift for a friend",
    "三体",
];
const USER_AGENTS: [&str; 4] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Gecko/20100101 Firefox/144.0",
];
const TIERS: [&str; 3] = ["普通会员", "黄金会员", "钻石会员"];
const USERS: usize = 5_000;

/// The one whose request a trace is.
#[derive(Debug)]
pub(super) struct Visitor {
    pub user_id: String,
    pub session_id: String,
    pub tenant: &'static str,
    pub client_address: String,
    pub user_agent: &'static str,
    pub search: &'static str,
    /// What is looked at or bought: one to four products.
    pub items: Vec<&'static Product>,
    order_id: String,
    nickname: &'static str,
    tier: &'static str,
    new_ranking: bool,
}

impl Visitor {
    pub(super) fn new(random: &mut Random) -> Self {
        let user = random.skewed_below(USERS);
        let item_count = 1 + random.skewed_below(4);
        Self {
            user_id: format!("u-{:05}", 10_000 + user),
            session_id: random.hex(16),
            // A user always shops at the same tenant, under the same name.
            tenant: TENANTS[user % TENANTS.len()],
            nickname: NICKNAMES[user % NICKNAMES.len()],
            tier: TIERS[user % 7 % TIERS.len()],
            new_ranking: user.is_multiple_of(5),
            client_address: format!("203.0.113.{}", 1 + user % 254),
            user_agent: random.pick(&USER_AGENTS),
            search: random.pick(&SEARCHES),
            items: (0..item_count)
                .map(|_| &PRODUCTS[random.skewed_below(PRODUCTS.len())])
                .collect(),
            order_id: format!("SO{}", 2_026_000_000 + random.below(99_999_999)),
        }
    }

    /// The attributes of a note. `item` is the product at hand.
    pub(super) fn annotate(
        &self,
        note: Note,
        item: &'static Product,
        attributes: &mut Vec<KeyValue>,
    ) {
        match note {
            Note::Product => attributes.extend([
                KeyValue::new("app.product.sku", item.sku),
                KeyValue::new("app.product.title", item.title),
                KeyValue::new("app.product.category", item.category),
                KeyValue::new("app.product.price", item.price),
            ]),
            Note::Search => attributes.push(KeyValue::new("app.search.text", self.search)),
            Note::Cart => {
                attributes.push(KeyValue::new("app.cart.items", self.item_count()));
            }
            Note::Order => {
                let titles: Vec<StringValue> =
                    self.items.iter().map(|item| item.title.into()).collect();
                attributes.extend([
                    KeyValue::new("app.order.id", self.order_id.clone()),
                    KeyValue::new("app.order.items", self.item_count()),
                    KeyValue::new("app.order.amount", self.amount()),
                    KeyValue::new("app.order.currency", "CNY"),
                    KeyValue::new("app.order.titles", Value::Array(Array::String(titles))),
                ]);
            }
            Note::Customer => attributes.extend([
                KeyValue::new("app.customer.nickname", self.nickname),
                KeyValue::new("app.customer.tier", self.tier),
            ]),
            Note::Flag => {
                attributes.push(KeyValue::new("app.flag.new_ranking", self.new_ranking));
            }
        }
    }

    fn item_count(&self) -> i64 {
        i64::try_from(self.items.len()).unwrap_or(i64::MAX)
    }

    fn amount(&self) -> f64 {
        self.items.iter().map(|item| item.price).sum()
    }
}
