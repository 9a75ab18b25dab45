package mechinterp.activation;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.model.Stage;
import mechinterp.model.StageRun;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.model.bert.Bert;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tokenizer.Encoding;
import mechinterp.tokenizer.SpecialTokens;
import mechinterp.tokenizer.TokenDecoder;
import mechinterp.tokenizer.Tokenizer;

/**
 * A model whose tokens are letters and whose activations say where they come from: [token id, place
 * in the sequence, first token of the sequence's text]. The letter {@code z} gives NaN.
 */
public final class LetterModel {
  public static final HookPoint HOOK = HookPoint.residPost(0);

  /** The place in the sequence, counted from 1. */
  static final HookPoint PLACES = HookPoint.inBlock(0, "hook_places");

  static final int CONTEXT = 8;
  static final int CLS = 26;
  static final int SEP = 27;

  private LetterModel() {}

  public static Transformer on(Device device) {
    return on(device, OptionalInt.empty());
  }

  /** The same, but the tokenizer's files name a begin-of-text token. */
  static Transformer on(Device device, OptionalInt bos) {
    TransformerConfig config = Bert.config("letters", 1, 3, 1, 1, 1, 28, CONTEXT, 1, 0);
    return new Transformer(
        config, "letters v1", new Letters(bos), device, List.of(new Places(device)));
  }

  static int[] ids(String letters) {
    return letters.chars().map(c -> c - 'a').toArray();
  }

  private record Places(Device device) implements Stage, StageRun {
    @Override
    public SequencedMap<HookPoint, OptionalInt> hookPoints() {
      SequencedMap<HookPoint, OptionalInt> points = new LinkedHashMap<>();
      points.put(HOOK, OptionalInt.of(3));
      points.put(PLACES, OptionalInt.of(1));
      return points;
    }

    @Override
    public StageRun begin(RunMemory memory) {
      return this;
    }

    @Override
    public void forward(FloatMatrix out, FloatMatrix x, BatchInput input, Hooks hooks) {
      int[] ids = device.toHost(input.ids());
      int[] positions = device.toHost(input.positions());
      float[] values = new float[3 * ids.length];
      for (int t = 0; t < ids.length; t++) {
        values[3 * t] = ids[t] == 25 ? Float.NaN : ids[t];
        values[3 * t + 1] = positions[t];
        values[3 * t + 2] = ids[t - positions[t] + 1];
      }
      device.upload(out, values, 0);
      hooks.at(HOOK, out);
      hooks.at(PLACES, device.matrix(ids.length, 1, places(positions)));
    }

    private static float[] places(int... positions) {
      float[] places = new float[positions.length];
      for (int t = 0; t < places.length; t++) {
        places[t] = positions[t] + 1;
      }
      return places;
    }

    @Override
    public void backward(FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      throw new UnsupportedOperationException("letters have no gradient");
    }
  }

  private record Letters(OptionalInt bos) implements Tokenizer {
    @Override
    public Encoding encode(String text) {
      return encode(text, Integer.MAX_VALUE);
    }

    @Override
    public Encoding encode(String text, int maxTokens) {
      int[] letters = text.chars().filter(c -> c >= 'a' && c <= 'z').map(c -> c - 'a').toArray();
      int[] ids = new int[letters.length + 2];
      int[] starts = new int[ids.length];
      int[] ends = new int[ids.length];
      Arrays.setAll(ids, i -> i == 0 ? CLS : i <= letters.length ? letters[i - 1] : SEP);
      for (int i = 1; i <= letters.length; i++) {
        starts[i] = i - 1;
        ends[i] = i;
      }
      return new Encoding(ids, starts, ends);
    }

    @Override
    public Encoding encodePlain(String text) {
      throw new UnsupportedOperationException();
    }

    @Override
    public TokenDecoder decoder(SpecialTokens special) {
      throw new UnsupportedOperationException();
    }

    @Override
    public OptionalInt id(String token) {
      throw new UnsupportedOperationException();
    }

    @Override
    public OptionalInt eos() {
      return OptionalInt.empty();
    }

    @Override
    public String token(int id) {
      return id < 26 ? String.valueOf((char) ('a' + id)) : "[special]";
    }

    @Override
    public boolean isSpecial(int id) {
      return id >= 26;
    }

    @Override
    public int vocabularySize() {
      return 28;
    }

    @Override
    public String identity() {
      return "letters";
    }
  }
}
