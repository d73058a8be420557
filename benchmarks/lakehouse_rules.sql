-- The same platform in DuckDB: raw to gold in one script. {raw} and {out} are folders; `keys`, `sources` and `stores`
-- are tables made by lakehouse_duckdb.py. Rules and names as in etl_customers.modules.silver.

CREATE MACRO hmac_of(message, used_for) AS
    sha256((SELECT outer_pad FROM keys WHERE keys.purpose = used_for)
           || unhex(sha256((SELECT inner_pad FROM keys WHERE keys.purpose = used_for) || encode(message))));
CREATE MACRO led(text) AS coalesce(strlen(text) || ':' || text, '-');
CREATE MACRO tagged(name, text) AS coalesce(name || '=' || strlen(text) || ':' || text, '');
CREATE MACRO tidy(text) AS nullif(trim(text, {blanks}), '');
CREATE MACRO squeezed(text) AS tidy(regexp_replace(text, '[{blank_class}]+', ' ', 'g'));
CREATE MACRO digit(digits, place) AS (ascii(substr(digits, place, 1)) - 48);
CREATE MACRO doubled(value) AS (2 * value - CASE WHEN value > 4 THEN 9 ELSE 0 END);
CREATE MACRO check_holds(total, given) AS
    (given = CASE WHEN total % 11 < 2 THEN 0 ELSE 11 - total % 11 END);
CREATE MACRO cpf_holds(d) AS
    check_holds(10*digit(d,1) + 9*digit(d,2) + 8*digit(d,3) + 7*digit(d,4) + 6*digit(d,5) + 5*digit(d,6)
                + 4*digit(d,7) + 3*digit(d,8) + 2*digit(d,9), digit(d,10))
    AND check_holds(11*digit(d,1) + 10*digit(d,2) + 9*digit(d,3) + 8*digit(d,4) + 7*digit(d,5) + 6*digit(d,6)
                + 5*digit(d,7) + 4*digit(d,8) + 3*digit(d,9) + 2*digit(d,10), digit(d,11));
-- Leading zeros change no Luhn sum, so that every number is looked at as one of 20 digits.
CREATE MACRO luhn_of(p) AS
    (digit(p,20) + doubled(digit(p,19)) + digit(p,18) + doubled(digit(p,17)) + digit(p,16) + doubled(digit(p,15))
     + digit(p,14) + doubled(digit(p,13)) + digit(p,12) + doubled(digit(p,11)) + digit(p,10) + doubled(digit(p,9))
     + digit(p,8) + doubled(digit(p,7)) + digit(p,6) + doubled(digit(p,5)) + digit(p,4) + doubled(digit(p,3))
     + digit(p,2) + doubled(digit(p,1))) % 10 = 0;
CREATE MACRO cpf_fault(d) AS CASE
    WHEN regexp_full_match(d, '[0-9]{11}') THEN
        CASE WHEN d::BIGINT % 11111111111 = 0 THEN 'CPF_REPEATED_DIGIT'
             WHEN NOT cpf_holds(d) THEN 'CPF_CHECK_DIGITS' END
    WHEN regexp_full_match(d, '\*{8}[0-9]{3}') THEN 'ALREADY_MASKED'
    WHEN regexp_full_match(d, '[0-9]+') THEN 'CPF_LENGTH'
    WHEN d IS NULL THEN 'MISSING' ELSE 'CPF_CHARACTERS' END;
CREATE MACRO card_fault(d) AS CASE
    WHEN regexp_full_match(d, '[0-9]{12,19}') THEN
        CASE WHEN replace(d, d[1], '') = '' THEN 'CARD_REPEATED_DIGIT'
             WHEN NOT luhn_of(lpad(d, 20, '0')) THEN 'CARD_CHECK_DIGIT' END
    WHEN regexp_full_match(d, '\*{12}[0-9]{4}') THEN 'ALREADY_MASKED'
    WHEN regexp_full_match(d, '[0-9]+') THEN 'CARD_LENGTH'
    WHEN d IS NOT NULL THEN 'CARD_CHARACTERS' END;
CREATE MACRO address_holds(a) AS
    length(a) BETWEEN 3 AND 254 AND strpos(a, '@') BETWEEN 2 AND 65 AND regexp_full_match(a,
    '[A-Za-z0-9!#$%&''*+/=?^_`{{|}}~\-]+(\.[A-Za-z0-9!#$%&''*+/=?^_`{{|}}~\-]+)*@([A-Za-z0-9]([A-Za-z0-9\-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z]{{2,63}}');
CREATE MACRO email_fault(a) AS CASE
    WHEN a IS NULL THEN NULL
    WHEN regexp_full_match(split_part(a, '@', 1), '.?\*{3}') THEN 'ALREADY_MASKED'
    WHEN address_holds(a) THEN NULL
    WHEN strlen(a) <> length(a) THEN 'EMAIL_NON_ASCII' ELSE 'EMAIL_INVALID' END;
CREATE MACRO email_mask(a, fault) AS CASE
    WHEN fault IS NULL THEN (CASE WHEN strpos(a, '@') > 3 THEN a[1] ELSE '' END) || '***@' || lower(split_part(a, '@', 2))
    WHEN a IS NOT NULL THEN '***' END;
CREATE MACRO number_of(n, brazilian) AS CASE
    WHEN regexp_full_match(n, '[0-9]+') THEN n
    WHEN regexp_full_match(n, '([0-9]{1,3}(,[0-9]{3})+|[0-9]+)\.[0-9]{1,2}') THEN replace(n, ',', '')
    WHEN regexp_full_match(n, '([0-9]{1,3}(\.[0-9]{3})+|[0-9]+),[0-9]{1,2}') THEN replace(replace(n, '.', ''), ',', '.')
    WHEN brazilian AND regexp_full_match(n, '[0-9]{1,3}(\.[0-9]{3})+') THEN replace(n, '.', '')
    WHEN NOT brazilian AND regexp_full_match(n, '[0-9]{1,3}(,[0-9]{3})+') THEN replace(n, ',', '') END;
CREATE MACRO holds_identifier(text, cpf, card, email) AS
    contains(regexp_replace(text, '[^0-9]+', '', 'g'), cpf) OR contains(regexp_replace(text, '[^0-9]+', '', 'g'), card)
    OR (contains(email, '@') AND contains(lower(text), lower(email)));
CREATE MACRO text_fault(text, required, longest, cpf, card, email) AS CASE
    WHEN text IS NULL THEN CASE WHEN required THEN 'MISSING' END
    WHEN length(text) > longest THEN 'TOO_LONG'
    WHEN holds_identifier(text, cpf, card, email) THEN 'IDENTIFIER_IN_TEXT' END;
CREATE MACRO moment_fault(text, moment) AS CASE
    WHEN text IS NULL THEN NULL
    WHEN moment IS NULL THEN 'DATE_INVALID'
    WHEN moment > now()::TIMESTAMP + INTERVAL 1 DAY THEN 'DATE_IN_FUTURE'
    WHEN moment < TIMESTAMP '1900-01-01' THEN 'DATE_TOO_OLD' END;
CREATE MACRO error(rule, name) AS CASE WHEN rule IS NOT NULL THEN {{rule: rule, column_name: name}} END;

CREATE TABLE bronze AS
    SELECT * FROM (
        SELECT 'database' AS _source, {columns}, filename AS _source_file FROM read_json('{raw}/database/*/*/*.jsonl',
            format = 'newline_delimited', columns = {json_columns}, filename = true)
        UNION ALL BY NAME
        SELECT 'api' AS _source, {columns}, filename AS _source_file FROM read_json('{raw}/api/*/*/*.jsonl',
            format = 'newline_delimited', columns = {json_columns}, filename = true)
        UNION ALL BY NAME
        SELECT 'csv' AS _source, {columns}, filename AS _source_file FROM read_csv('{raw}/csv/*/*/*.csv',
            all_varchar = true, header = true, quote = '"', escape = '"', filename = true, delim = ',')
    );
COPY bronze TO '{out}/bronze.parquet';

CREATE VIEW cleaned AS SELECT
    tidy(customer_id) AS customer_id, regexp_replace(tidy(cpf), '[ ./ -]', '', 'g') AS cpf,
    squeezed(first_name) AS first_name, squeezed(last_name) AS last_name, tidy(email) AS email,
    regexp_replace(tidy(credit_card_number), '[  -]', '', 'g') AS card,
    tidy(purchase_date) AS date_text, tidy(total_amount) AS amount_text, squeezed(product) AS product,
    trim(regexp_replace(upper(strip_accents(store_location)), '[^A-Z0-9]+', ' ', 'g')) AS store_key,
    tidy(purchase_id) AS purchase_id, tidy(updated_at) AS updated_text, _source_file, bronze._source,
    sources.priority, sources.namespace, sources.currency AS own_currency, sources.brazilian
FROM bronze JOIN sources ON sources.name = bronze._source;

CREATE VIEW read AS SELECT *,
    CASE _source {dates} END::DATE AS purchase_date,
    CASE _source {moments} END AT TIME ZONE 'UTC' AS updated_at,
    regexp_extract(regexp_replace(amount_text, '\s', '', 'g'),
        '^(-)?([A-Z]{0,3}\p{Sc}|[A-Z]{3})?(-)?([0-9][0-9.,]*)$', ['minus', 'symbol', 'late_minus', 'number']) AS money
FROM cleaned;

CREATE VIEW typed AS SELECT read.*, stores.id AS store_id, stores.state AS store_state, stores.name AS store_name,
    CASE WHEN (money.minus = '' OR money.late_minus = '') AND money.symbol IN ('', 'R$', 'BRL', '$', 'US$', 'USD')
         THEN try_cast((money.minus || money.late_minus || number_of(money.number, brazilian)) AS DECIMAL(18,2)) END AS amount,
    CASE WHEN money.symbol IN ('R$', 'BRL') THEN 'BRL' WHEN money.symbol IN ('$', 'US$', 'USD') THEN 'USD'
         WHEN coalesce(money.symbol, '') = '' THEN own_currency END AS currency,
    cpf_fault(cpf) AS cpf_fault, card_fault(card) AS card_fault, email_fault(email) AS email_fault
FROM read LEFT JOIN stores ON stores.key = read.store_key;

CREATE VIEW checked AS SELECT *,
    coalesce(updated_at, purchase_date::TIMESTAMP, TIMESTAMP '1970-01-01') AS event_at,
    list_filter([
        error(text_fault(customer_id, true, 64, cpf, card, email), 'customer_id'),
        error(cpf_fault, 'cpf'),
        error(text_fault(first_name, false, 200, cpf, card, email), 'first_name'),
        error(text_fault(last_name, false, 200, cpf, card, email), 'last_name'),
        error(email_fault, 'email'), error(card_fault, 'credit_card_number'),
        error(moment_fault(date_text, purchase_date::TIMESTAMP), 'purchase_date'),
        error(CASE WHEN currency IS NULL THEN 'CURRENCY_UNKNOWN'
                   WHEN amount_text IS NOT NULL AND amount IS NULL THEN 'AMOUNT_INVALID'
                   WHEN amount < 0 THEN 'AMOUNT_BELOW_MINIMUM' END, 'total_amount'),
        error(text_fault(product, false, 500, cpf, card, email), 'product'),
        error(CASE WHEN store_key IS NOT NULL AND store_id IS NULL THEN 'STORE_UNKNOWN' END, 'store_location'),
        error(text_fault(purchase_id, false, 64, cpf, card, email), 'purchase_id'),
        error(moment_fault(updated_text, updated_at), 'updated_at')], lambda e : e IS NOT NULL) AS errors,
    hmac_of(tagged('cpf', cpf) || tagged('credit_card_number', card) || tagged('customer_id', customer_id)
        || tagged('email', lower(email)) || tagged('first_name', first_name) || tagged('last_name', last_name)
        || tagged('product', product) || tagged('purchase_date', (purchase_date - DATE '1970-01-01')::VARCHAR)
        || tagged('purchase_id', purchase_id) || tagged('store_location', store_id)
        || tagged('total_amount', amount::VARCHAR) || tagged('total_amount.currency', currency), 'content:v2') AS content_hash
FROM typed;

CREATE TABLE staged AS SELECT
    customer_id, CASE WHEN cpf_fault IS NULL THEN '********' || right(cpf, 3) WHEN cpf IS NOT NULL THEN '***********' END AS cpf,
    first_name, last_name, email_mask(email, email_fault) AS email,
    CASE WHEN card_fault IS NULL THEN '************' || right(card, 4)
         WHEN card IS NOT NULL THEN '****************' END AS credit_card_number,
    purchase_date, amount AS total_amount, currency, product, store_name AS store_location, store_id, store_state,
    purchase_id, updated_at, event_at, content_hash, priority, _source, _source_file, errors,
    CASE WHEN cpf_fault IS NULL THEN hmac_of(cpf, 'cpf:v1') END AS cpf_token,
    CASE WHEN len(errors) = 0 THEN sha256(CASE WHEN purchase_id IS NOT NULL
         THEN led('id') || led(namespace) || led(purchase_id)
         ELSE led('content') || led(namespace) || led(content_hash) END) END AS purchase_key
FROM checked;

CREATE TABLE classified AS WITH ranked AS (
    SELECT *, row_number() OVER w AS place, first_value(event_at) OVER w AS newest,
        first_value(content_hash) OVER w AS best
    FROM staged WHERE purchase_key IS NOT NULL
    WINDOW w AS (PARTITION BY purchase_key ORDER BY event_at DESC, priority, content_hash, _source_file))
SELECT * EXCLUDE (place, newest, best),
    CASE WHEN event_at = newest AND content_hash <> best THEN 'quarantined' WHEN place = 1 THEN 'written'
         WHEN event_at = newest THEN 'duplicate' ELSE 'stale' END AS outcome FROM ranked
UNION ALL BY NAME SELECT *, 'quarantined' AS outcome FROM staged WHERE purchase_key IS NULL;

CREATE TABLE purchases AS SELECT * FROM classified WHERE outcome = 'written';
COPY purchases TO '{out}/purchases.parquet';
COPY (SELECT * FROM classified WHERE outcome = 'quarantined') TO '{out}/quarantine.parquet';
COPY (
    SELECT cpf_token, {golden}, list_sort(list(DISTINCT _source)) AS sources, count(*) AS purchases,
        min(event_at) AS first_event_at, max(event_at) AS last_event_at
    FROM purchases GROUP BY cpf_token
) TO '{out}/customers.parquet';
COPY (
    SELECT store_id, date_trunc('month', purchase_date)::DATE AS month, currency, count(*) AS total_purchases,
        coalesce(sum(total_amount), 0)::DECIMAL(28,2) AS total_revenue, count(*) FILTER (total_amount >= 1000)
        AS high_value_purchases, count(DISTINCT cpf_token) AS customers
    FROM purchases GROUP BY ALL
) TO '{out}/store_monthly_metrics.parquet';
COPY (
    SELECT store_id, date_trunc('month', purchase_date)::DATE AS month, count(DISTINCT cpf_token) AS customers,
        count(*) AS purchases
    FROM purchases GROUP BY ALL
) TO '{out}/customers_per_store.parquet';
COPY (
    SELECT cpf_token, count(*) AS purchases, count(*) FILTER (total_amount >= 1000) AS high_value_purchases,
        count(DISTINCT store_id) AS stores, mode(store_id) AS favourite_store_id,
        min(purchase_date) AS first_purchase, max(purchase_date) AS last_purchase,
        list_sort(list(DISTINCT _source)) AS sources,
        coalesce(sum(total_amount) FILTER (currency = 'BRL'), 0)::DECIMAL(28,2) AS total_revenue_brl,
        coalesce(sum(total_amount) FILTER (currency = 'USD'), 0)::DECIMAL(28,2) AS total_revenue_usd
    FROM purchases GROUP BY cpf_token
) TO '{out}/customer_360.parquet';
