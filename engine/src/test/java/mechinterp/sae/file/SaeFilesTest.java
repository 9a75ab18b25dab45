package mechinterp.sae.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.kernel.RowNorm;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.RandomSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SaeFilesTest {
  private static final int D_IN = 67;
  private static final int D_SAE = 131;
  private static final TopKConfig CONFIG = new TopKConfig(D_IN, D_SAE, 4);
  private static final SaeMetadata METADATA =
      SaeMetadata.of("gpt2", "blocks.8.hook_resid_post")
          .with("context_size", 128)
          .with("prepend_bos", false)
          .with("seqpos_slice", List.of(Optional.empty()))
          .with("source", Map.of("tokenizer", "sha256:12"));

  private final Device device = CpuDevice.scalar();

  @TempDir private Path folder;

  private Path saved() throws IOException {
    Path target = folder.resolve("sae");
    SaeFiles.save(RandomSae.of(device, CONFIG, 3), target, METADATA);
    return target;
  }

  @Test
  void savedAndLoadedAllTensorsHaveTheSameBits() throws IOException {
    TopKSae sae = RandomSae.of(device, CONFIG, 3);
    LoadedSae loaded = SaeFiles.load(saved(), device);
    assertEquals(CONFIG, loaded.sae().config());
    SaeWeights expected = sae.weights();
    SaeWeights actual = loaded.sae().weights();
    assertArrayEquals(device.toHost(expected.wEnc()), device.toHost(actual.wEnc()));
    assertArrayEquals(device.toHost(expected.bEnc()), device.toHost(actual.bEnc()));
    assertArrayEquals(device.toHost(expected.wDec()), device.toHost(actual.wDec()));
    assertArrayEquals(device.toHost(expected.bDec()), device.toHost(actual.bDec()));
    assertEquals(METADATA, loaded.metadata());
    assertEquals(Optional.of("gpt2"), loaded.metadata().modelName());
  }

  @Test
  void theFilesHaveTheOrientationOfSaeLens() throws IOException {
    TopKSae sae = RandomSae.of(device, CONFIG, 3);
    float[] rows = device.toHost(sae.weights().wEnc());
    try (SafetensorsFile file = SafetensorsFile.open(saved().resolve("sae_weights.safetensors"))) {
      assertEquals(List.of((long) D_IN, (long) D_SAE), file.info("W_enc").shape());
      float[] inFile = file.floats("W_enc");
      assertEquals(rows[5 * D_IN + 66], inFile[66 * D_SAE + 5]);
      assertEquals(rows[130 * D_IN + 3], inFile[3 * D_SAE + 130]);
      assertEquals(List.of((long) D_SAE, (long) D_IN), file.info("W_dec").shape());
      assertArrayEquals(device.toHost(sae.weights().wDec()), file.floats("W_dec"));
      assertEquals(List.of((long) D_IN), file.info("b_dec").shape());
    }
  }

  @Test
  void theConfigurationIsThatOfSaeLens() throws IOException {
    assertEquals(
        """
        {
          "architecture": "topk",
          "d_in": 67,
          "d_sae": 131,
          "k": 4,
          "dtype": "float32",
          "device": "cpu",
          "apply_b_dec_to_input": true,
          "normalize_activations": "none",
          "reshape_activations": "none",
          "rescale_acts_by_decoder_norm": false,
          "metadata": {
            "sae_lens_version": "6.0.0",
            "model_name": "gpt2",
            "hook_name": "blocks.8.hook_resid_post",
            "context_size": 128,
            "prepend_bos": false,
            "seqpos_slice": [
              null
            ],
            "source": {
              "tokenizer": "sha256:12"
            }
          }
        }
        """,
        Files.readString(saved().resolve("cfg.json")));
  }

  /** SAELens' own rule for rescale_acts_by_decoder_norm, written out. */
  @Test
  void aFolderThatRescalesByTheDecodersNormsGivesTheSameReconstruction() throws IOException {
    Path target = saved();
    edit(
        target,
        "\"rescale_acts_by_decoder_norm\": false",
        "\"rescale_acts_by_decoder_norm\": true");
    Sae loaded = SaeFiles.load(target, device).sae();
    FloatMatrix x = RandomSae.activations(device, 9, D_IN, 5);
    SparseCodes codes = loaded.newCodes(9);
    FloatMatrix out = device.floats(9, D_IN);
    loaded.encode(codes, x);
    loaded.decode(out, codes);
    double[] expected = rescaled(RandomSae.of(device, CONFIG, 3), device.toHost(x));
    float[] actual = device.toHost(out);
    for (int i = 0; i < actual.length; i++) {
      assertEquals(expected[i], actual[i], 1e-4);
    }
  }

  private double[] rescaled(TopKSae sae, float[] x) {
    float[] wEnc = device.toHost(sae.weights().wEnc());
    float[] bEnc = device.toHost(sae.weights().bEnc());
    float[] wDec = device.toHost(sae.weights().wDec());
    float[] bDec = device.toHost(sae.weights().bDec());
    double[] out = new double[x.length];
    for (int t = 0; t < x.length; t += D_IN) {
      double[] scaled = new double[D_SAE];
      double[] norms = new double[D_SAE];
      for (int f = 0; f < D_SAE; f++) {
        double z = bEnc[f];
        for (int j = 0; j < D_IN; j++) {
          z += (x[t + j] - bDec[j]) * wEnc[f * D_IN + j];
          norms[f] += Math.pow(wDec[f * D_IN + j], 2);
        }
        norms[f] = Math.sqrt(norms[f]);
        scaled[f] = Math.max(0, z * norms[f]);
      }
      double limit = Arrays.stream(scaled).sorted().skip(D_SAE - CONFIG.k()).findFirst().orElse(0);
      for (int j = 0; j < D_IN; j++) {
        out[t + j] = bDec[j];
        for (int f = 0; f < D_SAE; f++) {
          out[t + j] += scaled[f] >= limit ? scaled[f] / norms[f] * wDec[f * D_IN + j] : 0;
        }
      }
    }
    return out;
  }

  private static void edit(Path target, String from, String to) throws IOException {
    Path config = target.resolve("cfg.json");
    String text = Files.readString(config);
    assertTrue(text.contains(from), from);
    Files.writeString(config, text.replace(from, to));
  }

  @Test
  void furtherFieldsOfSaeLensAreNoError() throws IOException {
    Path target = saved();
    edit(target, "\"k\": 4", "\"k\": 4, \"normalize_decoder\": 1, \"hook_layer\": null");
    assertEquals(4, SaeFiles.load(target, device).sae().maxActive());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"k\": 4 | \"k\": 132 | k: is 132, d_sae is 131; k must be at most d_sae",
        "\"k\": 4 | \"k\": 4.5 | k is 4.5; it must be a whole number",
        "\"k\": 4, | \"k_\": 4, | k is missing; it must be a whole number",
        "\"topk\" | \"temporal\" | architecture is \"temporal\", which encodes a token with those before it; only what encodes each token by itself can be read",
        "\"topk\" | \"topp\" | architecture is \"topp\"; it must be \"topk\", \"abstopk\", \"batchtopk\", \"matryoshka_batchtopk\", \"jumprelu\", \"standard\", \"gated\", \"groupmax\", \"switch\", \"matching_pursuit\" or that of a transcoder or crosscoder",
        "\"topk\" | 7 | architecture is 7; it must be text",
        "\"normalize_activations\": \"none\" | \"normalize_activations\": \"covariance_whitening\" | normalize_activations is \"covariance_whitening\"; it must be one of none, expected_average_only_in, constant_norm_rescale, layer_norm to be read here",
        "\"reshape_activations\": \"none\" | \"reshape_activations\": \"x\" | reshape_activations is \"x\"; only \"none\" and \"hook_z\" can be read",
        "\"6.0.0\" | \"six\" | metadata.sae_lens_version is \"six\"; expected a version such as \"6.0.0\"",
        "\"normalize_activations\": \"none\" | \"normalize_activations\": \"expected_average_only_in\" | normalize_activations is \"expected_average_only_in\" and there is no activation_scaler.json with the scale; it must have been folded into the weights",
      })
  void aConfigurationThatCannotBeReadIsNamedInOneLine(String from, String to, String message)
      throws IOException {
    Path target = saved();
    edit(target, from, to);
    FormatException e = assertThrows(FormatException.class, () -> SaeFiles.load(target, device));
    assertEquals(target.resolve("cfg.json") + ": " + message, e.getMessage());
  }

  @ParameterizedTest
  @EnumSource(RowNorm.class)
  void anAutoencoderOfNormalisedActivationsIsSavedAsSuch(RowNorm norm) throws IOException {
    Sae sae = NormalizedSae.of(RandomSae.of(device, CONFIG, 3), norm);
    Path target = folder.resolve("normalised");
    SaeFiles.save(sae, target, new SaeMetadata(Map.of()));
    Sae loaded = SaeFiles.load(target, device).sae();
    FloatMatrix x = RandomSae.activations(device, 1030, D_IN, 5);
    assertArrayEquals(reconstruction(sae, x), reconstruction(loaded, x));

    float[] normalised = device.toHost(x);
    for (int i = 0; i < normalised.length; i++) {
      normalised[i] *= 16;
    }
    FloatMatrix scaled = device.matrix(1030, D_IN, normalised);
    float[] expected = reconstruction(sae, x);
    float[] found = reconstruction(sae, scaled);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(16 * expected[i], found[i], 0.02, "a scale of the activations passes through");
    }
    assertEquals(
        "format sparsify: the autoencoder is topk with normalize_activations %s; only saelens has a field for that"
            .formatted(norm == RowNorm.LAYER_NORM ? "layer_norm" : "constant_norm_rescale"),
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                SaeFormats.save(
                    sae, folder.resolve("other"), SaeFormat.SPARSIFY, new SaeMetadata(Map.of()))));
  }

  /** In place, as where it is spliced into a model. */
  private float[] reconstruction(Sae sae, FloatMatrix x) {
    FloatMatrix rows = device.matrix(x.rows(), x.cols(), device.toHost(x));
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, rows);
    sae.reconstruct(rows, codes, rows);
    return device.toHost(rows);
  }

  @Test
  void aScaleBesideTheWeightsIsFolded() throws IOException {
    Path target = saved();
    edit(
        target,
        "\"normalize_activations\": \"none\"",
        "\"normalize_activations\": \"expected_average_only_in\"");
    Files.writeString(target.resolve("activation_scaler.json"), "{\"scaling_factor\": 2.5}");
    Sae expected = RandomSae.of(device, CONFIG, 3).foldInputScale(2.5);
    Sae loaded = SaeFiles.load(target, device).sae();
    for (int i = 0; i < 4; i++) {
      assertArrayEquals(
          device.toHost(expected.parameters().get(i).value()),
          device.toHost(loaded.parameters().get(i).value()),
          1e-6f);
    }
  }

  @Test
  void aScaleOfFineTuningThatIsNotOneIsRefused() throws IOException {
    Path target = saved();
    Path weights = target.resolve("sae_weights.safetensors");
    SafetensorsWriter writer = new SafetensorsWriter();
    try (SafetensorsFile file = SafetensorsFile.open(weights)) {
      for (String name : file.tensors()) {
        long[] shape = file.info(name).shape().stream().mapToLong(Long::longValue).toArray();
        writer.floats(name, file.floats(name), shape);
      }
    }
    float[] factors = new float[D_SAE];
    Arrays.fill(factors, 1);
    writer.floats("scaling_factor", factors, D_SAE).write(weights);
    assertEquals(CONFIG, SaeFiles.load(target, device).sae().config());
    factors[7] = 1.5f;
    writer.write(weights);
    FormatException e = assertThrows(FormatException.class, () -> SaeFiles.load(target, device));
    assertEquals(
        weights + ": tensor \"scaling_factor\" has 1.5; only 1 can be read", e.getMessage());
  }

  @Test
  void tensorsOfAnotherShapeOrMissingAreNamed() throws IOException {
    Path target = saved();
    edit(target, "\"d_sae\": 131", "\"d_sae\": 130");
    FormatException shape =
        assertThrows(FormatException.class, () -> SaeFiles.load(target, device));
    assertEquals(
        target.resolve("sae_weights.safetensors")
            + ": tensor \"W_enc\" is [67, 131]; it must be [67, 130]",
        shape.getMessage());
    edit(target, "\"d_sae\": 130", "\"d_sae\": 131");
    new SafetensorsWriter()
        .floats("W_enc", new float[D_IN * D_SAE], D_IN, D_SAE)
        .write(target.resolve("sae_weights.safetensors"));
    FormatException missing =
        assertThrows(FormatException.class, () -> SaeFiles.load(target, device));
    assertTrue(
        String.valueOf(missing.getMessage()).contains("has no tensor \"b_enc\""),
        missing.getMessage());
  }

  @Test
  void weightsThatAreNotFiniteAreRefused() throws IOException {
    TopKSae sae = RandomSae.of(device, CONFIG, 3);
    device.upload(sae.weights().bDec().columnRange(2, 3), new float[] {Float.NaN}, 0);
    Path target = folder.resolve("broken");
    SaeFiles.save(sae, target, METADATA);
    FormatException e = assertThrows(FormatException.class, () -> SaeFiles.load(target, device));
    assertTrue(
        String.valueOf(e.getMessage())
            .endsWith("tensor \"b_dec\" has NaN at number 2; all must be finite"),
        e.getMessage());
  }

  @Test
  void aFolderThatHoldsSomethingIsNotOverwritten() throws IOException {
    Path target = folder.resolve("full");
    Files.createDirectory(target);
    Files.writeString(target.resolve("note"), "mine");
    TopKSae sae = RandomSae.of(device, CONFIG, 3);
    assertThrows(IOException.class, () -> SaeFiles.save(sae, target, METADATA));
    assertThrows(IOException.class, () -> SaeFiles.replace(sae, target, METADATA));
    assertEquals("mine", Files.readString(target.resolve("note")));
    assertFalse(Files.exists(target.resolve("cfg.json")));
  }

  @Test
  void anAutoencoderCanBeReplacedByAnother() throws IOException {
    Path target = saved();
    TopKSae other = RandomSae.of(device, new TopKConfig(5, 8, 2), 4);
    SaeFiles.replace(other, target, METADATA);
    assertEquals(other.config(), SaeFiles.load(target, device).sae().config());
  }
}
