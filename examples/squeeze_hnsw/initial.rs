//! An index for approximate nearest neighbours: a hierarchical navigable small world graph (Malkov
//! and Yashunin, IEEE TPAMI 42(4), 2020) over scalar-quantised vectors, all of it in one run of bytes.
//!
//! `build` gets the vectors and says what is stored; `search` sees nothing but these bytes, through
//! `Index::bytes(at, count)`, which counts what is read. There is no `std` here: `core` and `alloc`.
//! Vectors come in no order, so that every LEVEL_STEP-th one may stand for a random draw of levels.

use super::index::Index;

// EVOLVE-BLOCK-START
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};

const CODE_BITS: usize = 12; // of one component of a stored vector
const ID_BITS: usize = 24; // of one neighbour's number
const COUNT_BITS: usize = 8; // of the number of neighbours
const BASE_LINKS: usize = 28; // neighbours of a vector at most, on the lowest level
const UPPER_LINKS: usize = 12; // and on the others
const LEVEL_STEP: usize = 12; // a level has so many times fewer vectors than the one below
const BUILD_BEAM: usize = 64; // candidates that are kept while a vector is linked
const SEARCH_BEAM: usize = 60; // and while a query is answered
const DIVERSITY: f32 = 1.0; // above: fewer links into the same direction
const PATIENCE: f32 = 1.0; // below: a search ends earlier
const MARGIN: f32 = 0.02; // of the range that codes cover, on both sides
const HEADER: usize = 12; // bytes: number of vectors, lowest value, width of a code

#[derive(Clone, Copy, PartialEq)]
struct Near {
    distance: f32,
    id: usize,
}

impl Eq for Near {}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How many vectors a level has, and how far apart their numbers are.
fn members(count: usize, level: usize) -> usize {
    let stride = stride(level);
    (count + stride - 1) / stride
}

fn stride(level: usize) -> usize {
    LEVEL_STEP.pow(level as u32)
}

fn top_level(count: usize) -> usize {
    let mut level = 0;
    while members(count, level + 1) > 1 {
        level += 1;
    }
    level
}

fn most_links(level: usize) -> usize {
    if level == 0 {
        BASE_LINKS
    } else {
        UPPER_LINKS
    }
}

// Where things are: header, vectors, then the links of each level, the lowest first.

fn vector_bytes(dim: usize) -> usize {
    (dim * CODE_BITS + 7) / 8
}

fn link_bytes(level: usize) -> usize {
    (COUNT_BITS + most_links(level) * ID_BITS + 7) / 8
}

fn links_at(count: usize, dim: usize, level: usize) -> usize {
    let mut at = HEADER + count * vector_bytes(dim);
    for below in 0..level {
        at += members(count, below) * link_bytes(below);
    }
    at
}

fn put_bits(bytes: &mut [u8], at: usize, width: usize, value: u32) {
    for bit in 0..width {
        if value >> bit & 1 == 1 {
            bytes[(at + bit) / 8] |= 1 << ((at + bit) % 8);
        }
    }
}

fn get_bits(bytes: &[u8], at: usize, width: usize) -> u32 {
    let mut value = 0;
    for bit in 0..width {
        value |= (bytes[(at + bit) / 8] as u32 >> ((at + bit) % 8) & 1) << bit;
    }
    value
}

fn squared(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = 0.0;
    for (x, y) in a.iter().zip(b) {
        sum += (x - y) * (x - y);
    }
    sum
}

/// The nearest of what links lead to from `start`, the nearest first.
fn walk(
    start: &[Near],
    beam: usize,
    count: usize,
    mut distance: impl FnMut(usize) -> f32,
    mut neighbours: impl FnMut(usize) -> Vec<usize>,
) -> Vec<Near> {
    let mut seen = vec![false; count];
    let mut open = BinaryHeap::new();
    let mut best = BinaryHeap::new();
    for near in start {
        seen[near.id] = true;
        open.push(Reverse(*near));
        best.push(*near);
    }
    while let Some(Reverse(near)) = open.pop() {
        let worst = best.peek().map_or(f32::MAX, |far| far.distance);
        if best.len() >= beam && near.distance > worst * PATIENCE {
            break;
        }
        for id in neighbours(near.id) {
            if seen[id] {
                continue;
            }
            seen[id] = true;
            let found = Near { distance: distance(id), id };
            let worst = best.peek().map_or(f32::MAX, |far| far.distance);
            if best.len() < beam || found.distance < worst {
                open.push(Reverse(found));
                best.push(found);
                if best.len() > beam {
                    best.pop();
                }
            }
        }
    }
    best.into_sorted_vec()
}

/// Neighbours that do not hide behind one another: the selection heuristic of the paper.
fn choose(vectors: &[f32], dim: usize, candidates: &[Near], most: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    for near in candidates {
        if chosen.len() >= most {
            break;
        }
        let vector = &vectors[near.id * dim..(near.id + 1) * dim];
        let hidden = chosen.iter().any(|id| {
            squared(vector, &vectors[id * dim..(id + 1) * dim]) * DIVERSITY < near.distance
        });
        if !hidden {
            chosen.push(near.id);
        }
    }
    chosen
}

pub fn build(vectors: &[f32], dim: usize) -> Vec<u8> {
    let count = vectors.len() / dim;
    let vector = |id: usize| &vectors[id * dim..(id + 1) * dim];
    let top = top_level(count);
    let mut links: Vec<Vec<Vec<usize>>> = Vec::new();
    for level in 0..top + 1 {
        links.push(vec![Vec::new(); members(count, level)]);
    }
    for id in 1..count {
        let mut near = vec![Near { distance: squared(vector(id), vector(0)), id: 0 }];
        for level in (0..top + 1).rev() {
            let step = stride(level);
            let belongs = id % step == 0;
            let beam = if belongs { BUILD_BEAM } else { 1 };
            near = walk(
                &near,
                beam,
                count,
                |other| squared(vector(id), vector(other)),
                |other| links[level][other / step].clone(),
            );
            if !belongs {
                continue;
            }
            let most = most_links(level);
            let chosen = choose(vectors, dim, &near, most);
            for &other in &chosen {
                let back = &mut links[level][other / step];
                back.push(id);
                if back.len() > most {
                    let mut all: Vec<Near> = Vec::new();
                    for &id in back.iter() {
                        all.push(Near { distance: squared(vector(other), vector(id)), id });
                    }
                    all.sort();
                    *back = choose(vectors, dim, &all, most);
                }
            }
            links[level][id / step] = chosen;
        }
    }
    stored(vectors, dim, &links)
}

fn stored(vectors: &[f32], dim: usize, links: &[Vec<Vec<usize>>]) -> Vec<u8> {
    let count = vectors.len() / dim;
    let mut low = f32::MAX;
    let mut high = f32::MIN;
    for value in vectors {
        low = low.min(*value);
        high = high.max(*value);
    }
    let margin = (high - low) * MARGIN;
    low -= margin;
    let codes = (1u64 << CODE_BITS) as f32;
    let width = (high + margin - low) / codes;
    let mut bytes = vec![0u8; links_at(count, dim, links.len())];
    bytes[0..4].copy_from_slice(&(count as u32).to_le_bytes());
    bytes[4..8].copy_from_slice(&low.to_le_bytes());
    bytes[8..12].copy_from_slice(&width.to_le_bytes());
    for id in 0..count {
        let at = (HEADER + id * vector_bytes(dim)) * 8;
        for axis in 0..dim {
            let code = ((vectors[id * dim + axis] - low) / width).clamp(0.0, codes - 1.0) as u32;
            put_bits(&mut bytes, at + axis * CODE_BITS, CODE_BITS, code);
        }
    }
    for (level, lists) in links.iter().enumerate() {
        for (place, list) in lists.iter().enumerate() {
            let at = (links_at(count, dim, level) + place * link_bytes(level)) * 8;
            put_bits(&mut bytes, at, COUNT_BITS, list.len() as u32);
            for (i, id) in list.iter().enumerate() {
                put_bits(&mut bytes, at + COUNT_BITS + i * ID_BITS, ID_BITS, *id as u32);
            }
        }
    }
    bytes
}

fn number(bytes: &[u8]) -> [u8; 4] {
    [bytes[0], bytes[1], bytes[2], bytes[3]]
}

pub fn search(index: &Index, query: &[f32], k: usize) -> Vec<u32> {
    let dim = query.len();
    let header = index.bytes(0, HEADER);
    let count = u32::from_le_bytes(number(header)) as usize;
    let low = f32::from_le_bytes(number(&header[4..]));
    let width = f32::from_le_bytes(number(&header[8..]));
    let distance = |id: usize| {
        let size = vector_bytes(dim);
        let codes = index.bytes(HEADER + id * size, size);
        let mut sum = 0.0;
        for axis in 0..dim {
            let code = get_bits(codes, axis * CODE_BITS, CODE_BITS);
            let value = low + (code as f32 + 0.5) * width;
            sum += (query[axis] - value) * (query[axis] - value);
        }
        sum
    };
    let mut near = vec![Near { distance: distance(0), id: 0 }];
    for level in (0..top_level(count) + 1).rev() {
        let start = links_at(count, dim, level);
        let step = stride(level);
        let neighbours = |id: usize| {
            let at = start + id / step * link_bytes(level);
            let size = get_bits(index.bytes(at, (COUNT_BITS + 7) / 8), 0, COUNT_BITS) as usize;
            let list = index.bytes(at, (COUNT_BITS + size * ID_BITS + 7) / 8);
            let mut ids: Vec<usize> = Vec::new();
            for i in 0..size {
                ids.push(get_bits(list, COUNT_BITS + i * ID_BITS, ID_BITS) as usize);
            }
            ids
        };
        let beam = if level == 0 { SEARCH_BEAM } else { 1 };
        near = walk(&near, beam, count, &distance, neighbours);
    }
    let mut answer: Vec<u32> = Vec::new();
    for found in near.iter().take(k) {
        answer.push(found.id as u32);
    }
    answer
}
// EVOLVE-BLOCK-END
