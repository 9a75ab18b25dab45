package mechinterp.io;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import mechinterp.io.GgmlEncoding.ByteBlock;
import mechinterp.io.GgmlEncoding.NibbleBlock;
import mechinterp.io.GgmlEncoding.NibbleSuperblock;
import mechinterp.io.GgmlEncoding.Plain;
import mechinterp.io.GgmlEncoding.SixBitSuperblock;
import mechinterp.io.GgmlEncoding.Unreadable;

/**
 * The kinds of numbers in a GGUF file, by ggml's names: plain ones, and blocks of quantised ones.
 * Several are known by name and size only, so that a file can be opened that has them.
 *
 * <p>Source: {@code enum ggml_type} in ggml/include/ggml.h of ggml-org/llama.cpp.
 */
@SuppressWarnings("ImmutableEnumChecker") // the encodings are records without any mutable state
public enum GgmlType {
  /** IEEE 754 single precision. */
  F32(0, new Plain(DType.F32)),
  /** IEEE 754 half precision. */
  F16(1, new Plain(DType.F16)),
  /** 4 bits and a scale for 32 numbers. */
  Q4_0(2, 32, 18, new NibbleBlock(false, false)),
  /** 4 bits, a scale and a minimum for 32 numbers. */
  Q4_1(3, 32, 20, new NibbleBlock(false, true)),
  /** 5 bits and a scale for 32 numbers. */
  Q5_0(6, 32, 22, new NibbleBlock(true, false)),
  /** 5 bits, a scale and a minimum for 32 numbers. */
  Q5_1(7, 32, 24, new NibbleBlock(true, true)),
  /** 8 bits and a scale for 32 numbers. */
  Q8_0(8, 32, 34, new ByteBlock()),
  /** Not read. */
  Q8_1(9, 32, 40),
  /** Not read. */
  Q2_K(10, 256, 84),
  /** Not read. */
  Q3_K(11, 256, 110),
  /** 4 bits in superblocks of 256 numbers. */
  Q4_K(12, 256, 144, new NibbleSuperblock(false)),
  /** 5 bits in superblocks of 256 numbers. */
  Q5_K(13, 256, 176, new NibbleSuperblock(true)),
  /** 6 bits in superblocks of 256 numbers. */
  Q6_K(14, 256, 210, new SixBitSuperblock()),
  /** Not read. */
  Q8_K(15, 256, 292),
  /** Not read. */
  IQ2_XXS(16, 256, 66),
  /** Not read. */
  IQ2_XS(17, 256, 74),
  /** Not read. */
  IQ3_XXS(18, 256, 98),
  /** Not read. */
  IQ1_S(19, 256, 50),
  /** Not read. */
  IQ4_NL(20, 32, 18),
  /** Not read. */
  IQ3_S(21, 256, 110),
  /** Not read. */
  IQ2_S(22, 256, 82),
  /** Not read. */
  IQ4_XS(23, 256, 136),
  /** Not read. */
  I8(24, 1, 1),
  /** Not read. */
  I16(25, 1, 2),
  /** Not read. */
  I32(26, 1, 4),
  /** Not read. */
  I64(27, 1, 8),
  /** IEEE 754 double precision, rounded to float. */
  F64(28, new Plain(DType.F64)),
  /** Not read. */
  IQ1_M(29, 256, 56),
  /** The upper half of an {@link #F32}. */
  BF16(30, new Plain(DType.BF16)),
  /** Not read. */
  TQ1_0(34, 256, 54),
  /** Not read. */
  TQ2_0(35, 256, 66),
  /** Not read. */
  MXFP4(39, 32, 17),
  /** Not read. */
  NVFP4(40, 64, 36),
  /** Not read. */
  Q1_0(41, 128, 18);

  private final int number;
  private final int blockSize;
  private final int blockBytes;
  private final GgmlEncoding encoding;

  GgmlType(int number, Plain plain) {
    this(number, 1, plain.dtype().bytes(), plain);
  }

  GgmlType(int number, int blockSize, int blockBytes) {
    this(number, blockSize, blockBytes, new Unreadable());
  }

  GgmlType(int number, int blockSize, int blockBytes, GgmlEncoding encoding) {
    this.number = number;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
    this.encoding = encoding;
  }

  /** Returns how many numbers a block has; a row of a tensor is a whole number of blocks. */
  public int blockSize() {
    return blockSize;
  }

  /** Returns the size of a block in bytes. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Returns whether {@link GgufFile#floats} reads it. */
  public boolean isReadable() {
    return !(encoding instanceof Unreadable);
  }

  GgmlEncoding encoding() {
    return encoding;
  }

  /** Returns the type that a file means by a number, if it is known. */
  static Optional<GgmlType> of(int number) {
    return Arrays.stream(values()).filter(type -> type.number == number).findFirst();
  }

  static String readableNames() {
    return Arrays.stream(values())
        .filter(GgmlType::isReadable)
        .map(GgmlType::name)
        .collect(Collectors.joining(", "));
  }
}
