//! Changes to encoded messages that leave them messages: bytes changed at random are mostly no message at all.

use prost::encoding::{decode_varint, encode_varint};

/// How deep messages are looked into.
const DEPTH_MAX: usize = 12;
/// How many bytes fields are collected to be put elsewhere.
const POOL_MAX: usize = 512;

/// Random numbers from a seed (splitmix64).
pub struct Random(u64);

impl Random {
    /// The numbers of a seed.
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `end`; zero if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }

    /// An index of a list that is not empty.
    fn index<T>(&mut self, list: &[T]) -> Option<usize> {
        (!list.is_empty()).then(|| self.below(list.len()))
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Value {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Debug)]
struct Field {
    number: u64,
    value: Value,
}

fn parse(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = decode_varint(&mut bytes).ok()?;
        let number = key >> 3;
        if number == 0 || number > 100_000 {
            return None;
        }
        let value = match key & 7 {
            0 => Value::Varint(decode_varint(&mut bytes).ok()?),
            1 => {
                let (value, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                Value::Fixed64(*value)
            }
            2 => {
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                let (value, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Value::Bytes(value.to_vec())
            }
            5 => {
                let (value, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                Value::Fixed32(*value)
            }
            _ => return None,
        };
        fields.push(Field { number, value });
    }
    Some(fields)
}

fn encode(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        let wire_type = match &field.value {
            Value::Varint(_) => 0,
            Value::Fixed64(_) => 1,
            Value::Bytes(_) => 2,
            Value::Fixed32(_) => 5,
        };
        encode_varint((field.number << 3) | wire_type, &mut bytes);
        match &field.value {
            Value::Varint(value) => encode_varint(*value, &mut bytes),
            Value::Fixed64(value) => bytes.extend_from_slice(value),
            Value::Fixed32(value) => bytes.extend_from_slice(value),
            Value::Bytes(value) => {
                encode_varint(value.len() as u64, &mut bytes);
                bytes.extend_from_slice(value);
            }
        }
    }
    bytes
}

/// Changes a message in one place. `None` if the bytes are none.
pub fn mutate(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let fields = parse(bytes)?;
    let mut pool = Vec::new();
    collect(&fields, &mut pool, 0);
    let mut fields = fields;
    for _ in 0..=random.below(3) {
        change(&mut fields, random, &pool, 0);
    }
    Some(encode(&fields))
}

/// Replaces each field of bytes that `replace` knows, at any depth.
pub fn substitute(bytes: &[u8], replace: &dyn Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    fn walk(fields: &mut [Field], replace: &dyn Fn(&[u8]) -> Option<Vec<u8>>, depth: usize) {
        for field in fields {
            let Value::Bytes(bytes) = &mut field.value else {
                continue;
            };
            if let Some(new) = replace(bytes) {
                *bytes = new;
            } else if depth < DEPTH_MAX
                && bytes.len() > 4
                && let Some(mut inner) = parse(bytes)
            {
                walk(&mut inner, replace, depth + 1);
                *bytes = encode(&inner);
            }
        }
    }
    let mut fields = parse(bytes)?;
    walk(&mut fields, replace, 0);
    Some(encode(&fields))
}

fn collect(fields: &[Field], pool: &mut Vec<Field>, depth: usize) {
    for field in fields {
        if pool.len() < POOL_MAX {
            pool.push(field.clone());
        }
        if let Value::Bytes(bytes) = &field.value
            && depth < DEPTH_MAX
            && let Some(inner) = parse(bytes)
        {
            collect(&inner, pool, depth + 1);
        }
    }
}

fn change(fields: &mut Vec<Field>, random: &mut Random, pool: &[Field], depth: usize) {
    let messages: Vec<usize> = (0..fields.len())
        .filter(|at| matches!(&fields[*at].value, Value::Bytes(bytes) if bytes.len() > 1 && parse(bytes).is_some()))
        .collect();
    if depth < DEPTH_MAX
        && random.below(5) != 0
        && let Some(at) = random.index(&messages)
        && let Value::Bytes(bytes) = &mut fields[messages[at]].value
        && let Some(mut inner) = parse(bytes)
    {
        change(&mut inner, random, pool, depth + 1);
        *bytes = encode(&inner);
        return;
    }
    let Some(at) = random.index(fields) else {
        insert(fields, 0, random, pool);
        return;
    };
    match random.below(10) {
        0 => {
            fields.remove(at);
        }
        1 => fields.insert(random.below(fields.len() + 1), fields[at].clone()),
        2 => {
            let other = random.below(fields.len());
            fields.swap(at, other);
        }
        3 => insert(fields, at, random, pool),
        4 => {
            // The same field with what it is elsewhere.
            let number = fields[at].number;
            let others: Vec<&Field> = pool.iter().filter(|field| field.number == number).collect();
            if let Some(other) = random.index(&others) {
                fields[at] = others[other].clone();
            }
        }
        5 => {
            let end = at + random.below(fields.len() - at + 1);
            fields.drain(at..end);
        }
        _ => change_value(&mut fields[at].value, random, pool),
    }
}

fn insert(fields: &mut Vec<Field>, at: usize, random: &mut Random, pool: &[Field]) {
    let number = random.below(40) as u64 + 1;
    let value = match random.below(4) {
        0 => Value::Varint(interesting(random)),
        1 => Value::Bytes(Vec::new()),
        _ => match random.index(pool) {
            Some(other) => pool[other].value.clone(),
            None => Value::Varint(1),
        },
    };
    fields.insert(at, Field { number, value });
}

fn change_value(value: &mut Value, random: &mut Random, pool: &[Field]) {
    match value {
        Value::Varint(number) => {
            *number = match random.below(6) {
                0 => number.wrapping_add(1),
                1 => number.wrapping_sub(1),
                2 => match random.index(pool).map(|at| &pool[at].value) {
                    Some(Value::Varint(other)) => *other,
                    _ => random.below(60) as u64,
                },
                3 => random.below(60) as u64,
                _ => interesting(random),
            }
        }
        Value::Fixed64(bytes) => *bytes = interesting(random).to_le_bytes(),
        Value::Fixed32(bytes) => *bytes = (random.below(usize::MAX) as u32).to_le_bytes(),
        Value::Bytes(bytes) => match random.below(6) {
            0 => bytes.clear(),
            1 => bytes.truncate(random.below(bytes.len())),
            2 => bytes.push(b'a' + random.below(26) as u8),
            3 => {
                let at = random.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            4 => *bytes = WORDS[random.below(WORDS.len())].to_vec(),
            _ => {
                if let Some(Value::Bytes(other)) = random.index(pool).map(|at| &pool[at].value) {
                    bytes.clone_from(other);
                }
            }
        },
    }
}

const WORDS: [&[u8]; 12] = [
    b"",
    b"1",
    b"default",
    b"queue",
    b"core_patch",
    b"core_local_activity",
    b"__temporal_workflow_metadata",
    b"__stack_trace",
    b"json/plain",
    b"binary/null",
    b"\xc3\xbc\xe2\x82\xac",
    b"@every 1s",
];

fn interesting(random: &mut Random) -> u64 {
    const NUMBERS: [u64; 12] = [
        0,
        1,
        2,
        3,
        127,
        1_000_000_000,
        i32::MAX as u64,
        u32::MAX as u64,
        i64::MAX as u64,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    NUMBERS[random.below(NUMBERS.len())]
}
