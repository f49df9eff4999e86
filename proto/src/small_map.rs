//! Maps and sets of few entries, in order.
//!
//! A tree is much code, again for each type of key and value; a sorted vector is little, and faster, as long as entries are few.
//! Up to some thousands they are: what one run waits for, who polls a queue.

use std::{
    borrow::Borrow,
    fmt,
    iter::Map,
    ops::{Bound, RangeBounds},
    slice, vec,
};

/// A map of few entries, in order of their keys. Looking one up takes as long as in a tree; putting one in, or taking one out,
/// moves those behind it.
///
/// ```
/// use steadfast_proto::SmallMap;
///
/// let mut prices: SmallMap<String, u32> = [("pear".to_owned(), 3), ("apple".to_owned(), 2)].into_iter().collect();
/// assert_eq!(prices.insert("pear".to_owned(), 4), Some(3));
/// *prices.entry("plum".to_owned()).or_default() += 1;
/// let all: Vec<_> = prices.iter().map(|(name, price)| (name.as_str(), *price)).collect();
/// assert_eq!(all, [("apple", 2), ("pear", 4), ("plum", 1)]);
/// assert_eq!(prices.remove("apple"), Some(2));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SmallMap<K, V>(Vec<(K, V)>);

/// The entries of a [`SmallMap`], in order.
pub type Iter<'a, K, V> = Map<slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

fn pair<K, V>(entry: &(K, V)) -> (&K, &V) {
    (&entry.0, &entry.1)
}

impl<K, V> SmallMap<K, V> {
    /// One without entries, which takes no memory.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All entries, in order.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.0.iter().map(pair)
    }

    /// All entries, in order, whose values may be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// All values, in order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// All values, in order of their keys, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// All keys, in order, and nothing else.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.0.into_iter().map(|(key, _)| key)
    }

    /// All values, in order of their keys, and nothing else.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    /// Keeps the entries of which this is true.
    pub fn retain(&mut self, mut keeps: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keeps(key, value));
    }

    /// The entry of the least key.
    #[must_use]
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.0.first().map(pair)
    }

    /// Takes the entry of the least key out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }
}

impl<K: Ord, V> SmallMap<K, V> {
    /// Where a key is, or belongs.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        // Most keys are numbers that grow.
        match self.0.last() {
            None => Err(0),
            Some((last, _)) if last.borrow() < key => Err(self.0.len()),
            Some(_) => self.0.binary_search_by(|(known, _)| known.borrow().cmp(key)),
        }
    }

    /// A key's value.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// A key as it is kept, and its value.
    #[must_use]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.0.get(at).map(pair)
    }

    /// A key's value, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    fn put(&mut self, at: usize, key: K, value: V) {
        if self.0.capacity() == 0 {
            // Many never have a second entry, for which a vector would keep room.
            self.0.reserve_exact(1);
        }
        self.0.insert(at, (key, value));
    }

    /// Puts a value in; gives that which the key had before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => self.0.get_mut(at).map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                self.put(at, key, value);
                None
            }
        }
    }

    /// Takes a key's value out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at = self.find(key).ok()?;
        Some(self.0.remove(at).1)
    }

    /// The place of a key, to be filled unless it is.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        Entry { map: self, key }
    }

    /// The entries whose keys lie between these, in order.
    pub fn range<Q: Ord + ?Sized>(&self, keys: impl RangeBounds<Q>) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        self.between(keys).iter().map(pair)
    }

    fn between<Q: Ord + ?Sized>(&self, keys: impl RangeBounds<Q>) -> &[(K, V)]
    where
        K: Borrow<Q>,
    {
        let from = match keys.start_bound() {
            Bound::Unbounded => 0,
            Bound::Included(key) => self.find(key).unwrap_or_else(|at| at),
            Bound::Excluded(key) => self.find(key).map_or_else(|at| at, |at| at.saturating_add(1)),
        };
        let to = match keys.end_bound() {
            Bound::Unbounded => self.0.len(),
            Bound::Included(key) => self.find(key).map_or_else(|at| at, |at| at.saturating_add(1)),
            Bound::Excluded(key) => self.find(key).unwrap_or_else(|at| at),
        };
        self.0.get(from..to).unwrap_or_default()
    }
}

/// The place of a key in a [`SmallMap`].
#[must_use = "nothing is put in until a value is given"]
pub struct Entry<'a, K, V> {
    map: &'a mut SmallMap<K, V>,
    key: K,
}

impl<'a, K: Ord, V> Entry<'a, K, V> {
    /// The value that is there, or else this one, put in.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let at = match self.map.find(&self.key) {
            Ok(at) => at,
            Err(at) => {
                self.map.put(at, self.key, make());
                at
            }
        };
        // Just found, or put there.
        &mut self.map.0[at].1
    }

    /// The value that is there, or else this one, put in.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value that is there, or else the default, put in.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SmallMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SmallMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord, V> Extend<(K, V)> for SmallMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SmallMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K, V> IntoIterator for SmallMap<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a SmallMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A set of few items, in order, as [`SmallMap`].
///
/// ```
/// use steadfast_proto::SmallSet;
///
/// let mut numbers = SmallSet::from([3, 1, 3]);
/// assert!(numbers.insert(2) && !numbers.insert(2));
/// assert!(numbers.remove(&1) && !numbers.contains(&1));
/// assert_eq!(numbers.iter().copied().collect::<Vec<_>>(), [2, 3]);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SmallSet<T>(SmallMap<T, ()>);

/// The items of a [`SmallSet`], in order.
pub type Items<'a, T> = Map<slice::Iter<'a, (T, ())>, fn(&'a (T, ())) -> &'a T>;

fn item<T>(entry: &(T, ())) -> &T {
    &entry.0
}

impl<T> SmallSet<T> {
    /// One without items, which takes no memory.
    #[must_use]
    pub const fn new() -> Self {
        Self(SmallMap::new())
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All items, in order.
    pub fn iter(&self) -> Items<'_, T> {
        self.0.0.iter().map(item)
    }

    /// The least item.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.0.first().map(item)
    }

    /// Takes the least item out.
    pub fn pop_first(&mut self) -> Option<T> {
        self.0.pop_first().map(|(item, ())| item)
    }

    /// Keeps the items of which this is true.
    pub fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        self.0.retain(|item, ()| keeps(item));
    }
}

impl<T: Ord> SmallSet<T> {
    /// Whether this is one of its items.
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains_key(item)
    }

    /// Puts an item in; whether it was not there.
    pub fn insert(&mut self, item: T) -> bool {
        self.0.insert(item, ()).is_none()
    }

    /// Takes an item out; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.remove(item).is_some()
    }

    /// The items that lie between these, in order.
    pub fn range<Q: Ord + ?Sized>(&self, items: impl RangeBounds<Q>) -> Items<'_, T>
    where
        T: Borrow<Q>,
    {
        self.0.between(items).iter().map(item)
    }

    /// The items that the other has not, in order.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.iter().filter(|item| !other.contains(*item))
    }
}

impl<T> Default for SmallSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for SmallSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for SmallSet<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Ord> Extend<T> for SmallSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<T: Ord> FromIterator<T> for SmallSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::new();
        set.extend(items);
        set
    }
}

impl<T> IntoIterator for SmallSet<T> {
    type Item = T;
    type IntoIter = Map<vec::IntoIter<(T, ())>, fn((T, ())) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(item, ())| item)
    }
}

impl<'a, T> IntoIterator for &'a SmallSet<T> {
    type Item = &'a T;
    type IntoIter = Items<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Numbers without an order that anybody would notice, the same each time.
    fn numbers() -> impl Iterator<Item = u32> {
        let next = |number: &u32| Some(number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        std::iter::successors(Some(1), next).map(|number| number >> 16)
    }

    #[test]
    fn a_map_does_what_a_tree_does() {
        let (mut small, mut tree) = (SmallMap::new(), BTreeMap::new());
        for (step, number) in numbers().take(2_000).enumerate() {
            let (key, value) = (number % 64, step);
            match number / 64 % 5 {
                0 => assert_eq!(small.remove(&key), tree.remove(&key)),
                1 => assert_eq!(small.get_mut(&key), tree.get_mut(&key)),
                2 => assert_eq!(small.entry(key).or_insert(value), tree.entry(key).or_insert(value)),
                3 if number % 16 == 0 => assert_eq!(small.pop_first(), tree.pop_first()),
                _ => assert_eq!(small.insert(key, value), tree.insert(key, value)),
            }
            assert_eq!((small.len(), small.is_empty()), (tree.len(), tree.is_empty()));
            assert_eq!(small.get(&key), tree.get(&key));
            assert_eq!(small.get_key_value(&key), tree.get_key_value(&key));
            assert_eq!(small.contains_key(&key), tree.contains_key(&key));
            assert_eq!(small.first_key_value(), tree.first_key_value());
            assert!(small.iter().eq(&tree) && small.keys().eq(tree.keys()) && small.values().eq(tree.values()));
            assert!(small.range(key..).eq(tree.range(key..)) && small.range(..=key).eq(tree.range(..=key)));
            let after = (Bound::Excluded(key), Bound::Unbounded);
            assert!(small.range(after).eq(tree.range(after)) && small.range(..key).eq(tree.range(..key)));
        }
        assert_eq!(format!("{small:?}"), format!("{tree:?}"));
        small.retain(|key, value| {
            *value += 1;
            key % 2 == 0
        });
        tree.retain(|key, value| {
            *value += 1;
            key % 2 == 0
        });
        small.values_mut().for_each(|value| *value *= 2);
        small.iter_mut().for_each(|(key, value)| *value += *key as usize);
        tree.iter_mut()
            .for_each(|(key, value)| *value = *value * 2 + *key as usize);
        assert!(small.clone().into_values().eq(tree.clone().into_values()));
        assert!(small.clone().into_keys().eq(tree.clone().into_keys()));
        assert!(small.clone().into_iter().eq(tree));
        small.clear();
        assert_eq!(small, SmallMap::default());
    }

    #[test]
    fn a_set_does_what_a_tree_does() {
        let (mut small, mut tree) = (SmallSet::new(), BTreeSet::new());
        for number in numbers().take(2_000) {
            let item = number % 64;
            match number / 64 % 3 {
                0 => assert_eq!(small.remove(&item), tree.remove(&item)),
                1 if number % 16 == 0 => assert_eq!(small.pop_first(), tree.pop_first()),
                _ => assert_eq!(small.insert(item), tree.insert(item)),
            }
            assert_eq!((small.len(), small.is_empty()), (tree.len(), tree.is_empty()));
            assert_eq!(small.contains(&item), tree.contains(&item));
            assert_eq!(small.first(), tree.first());
            assert!(small.iter().eq(&tree) && small.range(item..).eq(tree.range(item..)));
        }
        let few = || numbers().take(9).map(|number| number % 64);
        assert!(small.difference(&few().collect()).eq(tree.difference(&few().collect())));
        assert_eq!(format!("{small:?}"), format!("{tree:?}"));
        small.retain(|item| item % 2 == 0);
        tree.retain(|item| item % 2 == 0);
        assert!(small.into_iter().eq(tree));
    }
}
