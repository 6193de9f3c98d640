//! Fast lookup of character classes in long texts.

use std::sync::OnceLock;

/// A class of characters, with one bit for each character. Blocks of 256 bits are filled on first
/// use. The functions of the standard library search a table, which takes up to 0.2 microseconds
/// per character.
pub struct CharacterClass {
    is: fn(char) -> bool,
    blocks: [OnceLock<[u64; 4]>; CharacterClass::BLOCKS],
}

impl CharacterClass {
    /// Covers the scripts of the two lowest planes. Rare ideographs are looked up without a table.
    const BLOCKS: usize = 512;

    #[expect(
        clippy::large_stack_arrays,
        reason = "used only for statics, at compile time"
    )]
    const fn new(is: fn(char) -> bool) -> Self {
        CharacterClass {
            is,
            blocks: [const { OnceLock::new() }; CharacterClass::BLOCKS],
        }
    }

    pub fn contains(&self, c: char) -> bool {
        let code = u32::from(c);
        let [_, _, _, low] = code.to_be_bytes();
        let Some(block) = self.blocks.get((code >> 8) as usize) else {
            return (self.is)(c);
        };
        let block = block.get_or_init(|| {
            let mut bits = [0; 4];
            for low in 0..=u8::MAX {
                let c = char::from_u32(code & !0xff | u32::from(low));
                let bit = u64::from(c.is_some_and(self.is)) << (low & 63);
                bits[usize::from(low >> 6)] |= bit;
            }
            bits
        });
        block[usize::from(low >> 6)] >> (low & 63) & 1 == 1
    }
}

/// Letters, as defined by [`char::is_alphabetic`].
pub static LETTERS: CharacterClass = CharacterClass::new(char::is_alphabetic);
/// Letters and numbers, as defined by [`char::is_alphanumeric`].
pub static LETTERS_AND_NUMBERS: CharacterClass = CharacterClass::new(char::is_alphanumeric);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_agree_with_the_standard_library() {
        for c in '\0'..=char::MAX {
            assert_eq!(LETTERS.contains(c), c.is_alphabetic(), "{c:?}");
            assert_eq!(
                LETTERS_AND_NUMBERS.contains(c),
                c.is_alphanumeric(),
                "{c:?}"
            );
        }
    }
}
