//! What the shop's services talk to besides each other: databases, brokers and other people's
//! hosts.

use super::{Database, Fault, Fetch, Latency, Query, Queue, ms, tailed};

static CATALOG_MYSQL: Database = Database {
    system: "mysql",
    host: "catalog-mysql.shop-db.svc",
    port: 3306,
    namespace: "catalog",
};

static USER_MYSQL: Database = Database {
    system: "mysql",
    host: "user-mysql.shop-db.svc",
    port: 3306,
    namespace: "accounts",
};

static ORDER_POSTGRES: Database = Database {
    system: "postgresql",
    host: "orders-pg.shop-db.svc",
    port: 5432,
    namespace: "orders",
};

static STOCK_POSTGRES: Database = Database {
    system: "postgresql",
    host: "stock-pg.shop-db.svc",
    port: 5432,
    namespace: "stock",
};

static CART_REDIS: Database = Database {
    system: "redis",
    host: "cart-redis.shop-db.svc",
    port: 6379,
    namespace: "0",
};

static FEATURE_REDIS: Database = Database {
    system: "redis",
    host: "feature-redis.shop-db.svc",
    port: 6379,
    namespace: "2",
};

pub(super) static ORDERS_TOPIC: Queue = Queue {
    system: "kafka",
    destination: "orders.placed",
    host: "kafka-0.shop-mq.svc",
    port: 9092,
    consumer_group: "accounting",
};

pub(super) static EMAIL_QUEUE: Queue = Queue {
    system: "rabbitmq",
    destination: "notification.email",
    host: "rabbitmq.shop-mq.svc",
    port: 5672,
    consumer_group: "email-worker",
};

const DEADLOCK: Fault = Fault {
    chance: 0.004,
    exception: "org.postgresql.util.PSQLException",
    message: "ERROR: deadlock detected (SQLSTATE 40P01)",
    http_status: 500,
    rpc_status: "INTERNAL",
    slower: 20.0,
};

const LOST_CONNECTION: Fault = Fault {
    chance: 0.0004,
    exception: "com.mysql.cj.jdbc.exceptions.CommunicationsException",
    message: "Communications link failure: the last packet was received 5,003 ms ago",
    http_status: 503,
    rpc_status: "UNAVAILABLE",
    slower: 60.0,
};

const fn query(
    database: &'static Database,
    operation: &'static str,
    collection: &'static str,
    text: &'static str,
    latency: Latency,
) -> Query {
    Query {
        database,
        operation,
        collection,
        text,
        latency,
        faults: &[],
    }
}

impl Query {
    const fn failing(self, faults: &'static [Fault]) -> Self {
        Self { faults, ..self }
    }
}

pub(super) static SELECT_PRODUCT: Query = query(
    &CATALOG_MYSQL,
    "SELECT",
    "products",
    "SELECT id, title, price, currency, description FROM products WHERE id = ?",
    ms(2.1),
)
.failing(&[LOST_CONNECTION]);
pub(super) static SELECT_CATEGORY: Query = query(
    &CATALOG_MYSQL,
    "SELECT",
    "products",
    "SELECT id, title, price FROM products WHERE category = ? ORDER BY rank LIMIT 24",
    tailed(6.5),
)
.failing(&[LOST_CONNECTION]);
pub(super) static SELECT_REVIEWS: Query = query(
    &CATALOG_MYSQL,
    "SELECT",
    "reviews",
    "SELECT author, stars, text FROM reviews WHERE product_id = ? ORDER BY created_at DESC LIMIT 10",
    tailed(4.0),
);
pub(super) static SELECT_USER: Query = query(
    &USER_MYSQL,
    "SELECT",
    "users",
    "SELECT id, nickname, tier, locale FROM users WHERE id = ?",
    ms(1.4),
);
pub(super) static UPDATE_LAST_LOGIN: Query = query(
    &USER_MYSQL,
    "UPDATE",
    "users",
    "UPDATE users SET last_login_at = now() WHERE id = ?",
    ms(3.2),
);
pub(super) static INSERT_ORDER: Query = query(
    &ORDER_POSTGRES,
    "INSERT",
    "orders",
    "INSERT INTO orders (id, user_id, amount, currency, status) VALUES ($1, $2, $3, $4, $5)",
    ms(5.0),
)
.failing(&[DEADLOCK]);
pub(super) static SELECT_ORDER: Query = query(
    &ORDER_POSTGRES,
    "SELECT",
    "orders",
    "SELECT id, status, amount, carrier FROM orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT 5",
    ms(3.1),
);
pub(super) static INSERT_PAYMENT: Query = query(
    &ORDER_POSTGRES,
    "INSERT",
    "payments",
    "INSERT INTO payments (id, order_id, amount, state) VALUES ($1, $2, $3, 'captured')",
    ms(4.2),
);
pub(super) static INSERT_LEDGER: Query = query(
    &ORDER_POSTGRES,
    "INSERT",
    "ledger",
    "INSERT INTO ledger (order_id, debit, credit) SELECT * FROM unnest($1, $2, $3)",
    ms(9.0),
);
pub(super) static SELECT_STOCK: Query = query(
    &STOCK_POSTGRES,
    "SELECT",
    "stock",
    "SELECT available FROM stock WHERE sku = $1",
    ms(1.2),
);
pub(super) static RESERVE_STOCK: Query = query(
    &STOCK_POSTGRES,
    "UPDATE",
    "stock",
    "UPDATE stock SET available = available - $2 WHERE sku = $1 AND available >= $2",
    ms(2.7),
)
.failing(&[DEADLOCK]);
pub(super) static HGETALL_CART: Query =
    query(&CART_REDIS, "HGETALL", "", "HGETALL cart:?", ms(0.4));
pub(super) static HSET_CART: Query = query(
    &CART_REDIS,
    "HSET",
    "",
    "HSET cart:? sku ? count ?",
    ms(0.5),
);
pub(super) static DEL_CART: Query = query(&CART_REDIS, "DEL", "", "DEL cart:?", ms(0.4));
pub(super) static GET_FEATURES: Query = query(
    &FEATURE_REDIS,
    "MGET",
    "",
    "MGET user:?:features sku:?:features",
    ms(0.6),
);
pub(super) static INCR_ATTEMPTS: Query =
    query(&FEATURE_REDIS, "INCR", "", "INCR fraud:attempts:?", ms(0.4));

pub(super) static CAPTURE_CARD: Fetch = Fetch {
    method: "POST",
    host: "api.riverbank-pay.example",
    path: "/v2/charges",
    latency: tailed(85.0),
    faults: &[
        Fault {
            chance: 0.012,
            exception: "java.net.SocketTimeoutException",
            message: "Read timed out after 2000 ms: api.riverbank-pay.example",
            http_status: 504,
            rpc_status: "DEADLINE_EXCEEDED",
            slower: 20.0,
        },
        Fault {
            chance: 0.02,
            exception: "shop.payment.CardDeclinedException",
            message: "The issuer declined the card: insufficient_funds",
            http_status: 402,
            rpc_status: "FAILED_PRECONDITION",
            slower: 1.0,
        },
    ],
};
pub(super) static BOOK_PARCEL: Fetch = Fetch {
    method: "POST",
    host: "open.swift-express.example",
    path: "/api/waybills",
    latency: tailed(60.0),
    faults: &[],
};
pub(super) static SEND_MAIL: Fetch = Fetch {
    method: "POST",
    host: "smtp-relay.postbox.example",
    path: "/v1/messages",
    latency: tailed(120.0),
    faults: &[Fault {
        chance: 0.01,
        exception: "requests.exceptions.HTTPError",
        message: "429 Too Many Requests: the relay's hourly quota is used up",
        http_status: 429,
        rpc_status: "RESOURCE_EXHAUSTED",
        slower: 0.5,
    }],
};
pub(super) static SEARCH_INDEX: Fetch = Fetch {
    method: "POST",
    host: "es-master.search-cluster.example",
    path: "/products/_search",
    latency: tailed(14.0),
    faults: &[],
};
