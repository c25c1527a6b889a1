//! The few BPF instruction forms that probes, counters, tests and examples are made of.
//!
//! Not an assembler: jumps are counted by hand, in instructions from the one after the jump. Names follow the
//! assembler package of cilium/ebpf; encodings are those of `Documentation/bpf/standardization/instruction-set.rst`.
//!
//! ```
//! use pinfold::insn::{self, Reg};
//!
//! // A socket filter that keeps the first 14 bytes of everything.
//! let program = [insn::mov_imm(Reg::R0, 14), insn::exit()];
//! assert_eq!(program[0].encode()[0], 0xb7);
//! ```

use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};

/// A register: `R0` is the result, `R1` to `R5` are arguments, `R10` is the frame pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "eleven registers")]
pub enum Reg {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// How many bytes a load or store moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One byte.
    Byte,
    /// Two bytes.
    Half,
    /// Four bytes.
    Word,
    /// Eight bytes.
    Double,
}

impl Size {
    /// `BPF_B`, `BPF_H`, `BPF_W`, `BPF_DW`.
    const fn bits(self) -> u8 {
        match self {
            Size::Byte => 0x10,
            Size::Half => 0x08,
            Size::Word => 0x00,
            Size::Double => 0x18,
        }
    }
}

/// A kernel function for programs, by its number in `enum bpf_func_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Helper(pub i32);

impl Helper {
    /// `bpf_map_lookup_elem(map, key)`: the address of the value, or 0.
    pub const MAP_LOOKUP_ELEM: Helper = Helper(1);
    /// `bpf_map_update_elem(map, key, value, flags)`.
    pub const MAP_UPDATE_ELEM: Helper = Helper(2);
    /// `bpf_map_delete_elem(map, key)`.
    pub const MAP_DELETE_ELEM: Helper = Helper(3);
    /// `bpf_ktime_get_coarse_ns()`. Linux 5.11.
    pub const KTIME_GET_COARSE_NS: Helper = Helper(160);
}

/// `struct bpf_insn`. One that names a map borrows its descriptor, which has to be open when the program is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Insn<'fd> {
    code: u8,
    dst: Reg,
    src: u8,
    off: i16,
    imm: i32,
    map: PhantomData<BorrowedFd<'fd>>,
}

const fn insn<'fd>(code: u8, dst: Reg, src: u8, off: i16, imm: i32) -> Insn<'fd> {
    Insn { code, dst, src, off, imm, map: PhantomData }
}

impl Insn<'_> {
    /// The eight bytes that the kernel wants, in the byte order of this machine.
    pub const fn encode(self) -> [u8; 8] {
        let (dst, src) = (self.dst as u8, self.src);
        let registers = if cfg!(target_endian = "little") { src << 4 | dst } else { dst << 4 | src };
        let [off0, off1] = self.off.to_ne_bytes();
        let [imm0, imm1, imm2, imm3] = self.imm.to_ne_bytes();
        [self.code, registers, off0, off1, imm0, imm1, imm2, imm3]
    }
}

/// `dst = imm`, sign-extended to 64 bits.
pub const fn mov_imm(dst: Reg, imm: i32) -> Insn<'static> {
    insn(0xb7, dst, 0, 0, imm)
}

/// `dst = src`.
pub const fn mov_reg(dst: Reg, src: Reg) -> Insn<'static> {
    insn(0xbf, dst, src as u8, 0, 0)
}

/// `dst += imm`.
pub const fn add_imm(dst: Reg, imm: i32) -> Insn<'static> {
    insn(0x07, dst, 0, 0, imm)
}

/// `dst = htobe(dst)` of the lower 16, 32 or 64 bits; the rest becomes zero.
pub const fn host_to_be(dst: Reg, bits: i32) -> Insn<'static> {
    insn(0xdc, dst, 0, 0, bits)
}

/// `dst = *(size *)(src + off)`, zero-extended.
pub const fn load_mem(dst: Reg, src: Reg, off: i16, size: Size) -> Insn<'static> {
    insn(0x61 | size.bits(), dst, src as u8, off, 0)
}

/// `*(size *)(dst + off) = src`.
pub const fn store_mem(dst: Reg, off: i16, src: Reg, size: Size) -> Insn<'static> {
    insn(0x63 | size.bits(), dst, src as u8, off, 0)
}

/// `*(size *)(dst + off) = imm`.
pub const fn store_imm(dst: Reg, off: i16, imm: i32, size: Size) -> Insn<'static> {
    insn(0x62 | size.bits(), dst, 0, off, imm)
}

/// `lock *(size *)(dst + off) += src`, of a word or double word.
pub const fn atomic_add(dst: Reg, off: i16, src: Reg, size: Size) -> Insn<'static> {
    insn(0xc3 | size.bits(), dst, src as u8, off, 0)
}

/// `R0 = *(size *)(packet + off)` in host byte order; ends the program with 0 beyond the packet. Wants the context
/// in `R6` and destroys `R1` to `R5`. Offsets from the network header start at [`SKF_NET_OFF`].
pub const fn load_abs(off: i32, size: Size) -> Insn<'static> {
    insn(0x20 | size.bits(), Reg::R0, 0, 0, off)
}

/// `SKF_NET_OFF` of `linux/filter.h`: the start of the network header in [`load_abs`].
pub const SKF_NET_OFF: i32 = -0x10_0000;

/// `dst = map`: two slots, which name the map by its descriptor. The program holds the map once it is loaded.
pub fn load_map(dst: Reg, map: &impl AsFd) -> [Insn<'_>; 2] {
    const PSEUDO_MAP_FD: u8 = 1;
    [insn(0x18, dst, PSEUDO_MAP_FD, 0, map.as_fd().as_raw_fd()), insn(0, Reg::R0, 0, 0, 0)]
}

/// `R0 = helper(R1, .., R5)`; destroys `R1` to `R5`.
pub const fn call(helper: Helper) -> Insn<'static> {
    insn(0x85, Reg::R0, 0, 0, helper.0)
}

/// `if dst == imm` skip `off` instructions.
pub const fn jump_if_eq(dst: Reg, imm: i32, off: i16) -> Insn<'static> {
    insn(0x15, dst, 0, off, imm)
}

/// Skip `off` instructions.
pub const fn jump(off: i16) -> Insn<'static> {
    insn(0x05, Reg::R0, 0, off, 0)
}

/// Return `R0`.
pub const fn exit() -> Insn<'static> {
    insn(0x95, Reg::R0, 0, 0, 0)
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    /// Worked out by hand from the tables of the instruction set; the verifier has the last word, in the tests that load
    /// programs.
    #[test]
    fn encodings() {
        let cases: [(Insn<'_>, u64); 13] = [
            (mov_imm(Reg::R0, -1), 0xffff_ffff_0000_00b7),
            (mov_reg(Reg::R6, Reg::R1), 0x0000_0000_0000_16bf),
            (add_imm(Reg::R2, -8), 0xffff_fff8_0000_0207),
            (host_to_be(Reg::R0, 32), 0x0000_0020_0000_00dc),
            (load_mem(Reg::R1, Reg::R6, 0, Size::Word), 0x0000_0000_0000_6161),
            (store_mem(Reg::R10, -4, Reg::R0, Size::Word), 0x0000_0000_fffc_0a63),
            (store_imm(Reg::R10, -16, 1, Size::Double), 0x0000_0001_fff0_0a7a),
            (atomic_add(Reg::R0, 8, Reg::R1, Size::Double), 0x0000_0000_0008_10db),
            (load_abs(SKF_NET_OFF + 12, Size::Word), 0xfff0_000c_0000_0020),
            (call(Helper::MAP_LOOKUP_ELEM), 0x0000_0001_0000_0085),
            (jump_if_eq(Reg::R0, 0, 2), 0x0000_0000_0002_0015),
            (jump(9), 0x0000_0000_0009_0005),
            (exit(), 0x0000_0000_0000_0095),
        ];
        for (insn, bytes) in cases {
            assert_eq!(u64::from_le_bytes(insn.encode()), bytes, "{insn:?}");
        }
    }
}
