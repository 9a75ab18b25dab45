package mechinterp.cuda.simulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import mechinterp.cuda.KernelFamily;
import mechinterp.cuda.ptx.PtxException;
import mechinterp.cuda.ptx.PtxKernel;
import mechinterp.cuda.ptx.PtxModule;
import mechinterp.cuda.ptx.PtxVariable;
import mechinterp.cuda.simulator.Dimensions;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.Launch;

/** Modules and launches. */
@SuppressWarnings("MemberName") // the names of the C functions
final class ModuleFunctions {
  private static final int ERROR_LOG_BUFFER = 5;
  private static final int ERROR_LOG_BUFFER_SIZE_BYTES = 6;
  private static final int MAX_THREADS_PER_BLOCK = 0;
  private static final int MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
  private static final int MOST_SHARED_BYTES = 163 * 1024;

  /** A pointer to memory of unknown size, as C has them. */
  private static final AddressLayout POINTER = pointer();

  private final Gpu gpu;
  private int modules;

  ModuleFunctions(Gpu gpu) {
    this.gpu = gpu;
  }

  /** Restricted, because C's pointers do not say how far they reach. */
  @SuppressWarnings("restricted")
  private static AddressLayout pointer() {
    return ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Long.MAX_VALUE, JAVA_BYTE));
  }

  public void cuModuleLoadDataEx(
      MemorySegment module,
      MemorySegment image,
      int optionCount,
      MemorySegment options,
      MemorySegment optionValues) {
    Context context = gpu.context();
    try {
      PtxModule read = read(image.getString(0));
      LoadedKernels loaded = new LoadedKernels(context.simulator().load(read));
      module.set(ADDRESS, 0, gpu.handles().add(loaded));
    } catch (PtxException unreadable) {
      log(String.valueOf(unreadable.getMessage()), optionCount, options, optionValues);
      throw CudaStatus.CUDA_ERROR_INVALID_PTX.because(unreadable);
    }
  }

  /** What is shipped has the name of its file, so that errors say which. */
  private PtxModule read(String ptx) {
    modules++;
    PtxModule shipped = Shipped.MODULES.get(ptx);
    return shipped != null ? shipped : PtxModule.parse("module " + modules, ptx);
  }

  /** The modules that come with this library by their text, read once. */
  private static final class Shipped {
    static final Map<String, PtxModule> MODULES =
        Arrays.stream(KernelFamily.values())
            .collect(Collectors.toUnmodifiableMap(KernelFamily::ptx, KernelFamily::module));
  }

  private static void log(
      String text, int optionCount, MemorySegment options, MemorySegment optionValues) {
    MemorySegment buffer = MemorySegment.NULL;
    long size = 0;
    for (int i = 0; i < optionCount; i++) {
      MemorySegment value = optionValues.getAtIndex(POINTER, i);
      switch (options.getAtIndex(JAVA_INT, i)) {
        case ERROR_LOG_BUFFER -> buffer = value;
        case ERROR_LOG_BUFFER_SIZE_BYTES -> size = value.address();
        default -> {}
      }
    }
    if (buffer.address() != 0 && size > 0) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      byte[] fitting = Arrays.copyOf(bytes, (int) Math.min(bytes.length, size - 1) + 1);
      fitting[fitting.length - 1] = 0;
      MemorySegment.copy(MemorySegment.ofArray(fitting), 0, buffer, 0, fitting.length);
    }
  }

  public void cuModuleUnload(MemorySegment module) {
    Context context = gpu.anyContext();
    LoadedKernels loaded = gpu.handles().remove(module, LoadedKernels.class);
    try {
      context.streams().runAll();
    } finally {
      loaded.module().globals().values().forEach(context.memory()::free);
    }
    context.requireWhole();
  }

  public void cuModuleGetFunction(
      MemorySegment function, MemorySegment module, MemorySegment name) {
    gpu.context();
    LoadedKernels loaded = gpu.handles().get(module, LoadedKernels.class);
    PtxModule ptx = loaded.module().module();
    PtxKernel kernel = ptx.kernels().get(name.getString(0));
    if (kernel == null) {
      throw CudaStatus.CUDA_ERROR_NOT_FOUND.because(
          "%s: no kernel %s".formatted(ptx.name(), name.getString(0)));
    }
    LoadedKernels.Function found = new LoadedKernels.Function(loaded, kernel);
    function.set(ADDRESS, 0, gpu.handles().add(found));
  }

  public void cuFuncGetAttribute(MemorySegment value, int attribute, MemorySegment function) {
    gpu.context();
    LoadedKernels.Function of = gpu.handles().get(function, LoadedKernels.Function.class);
    value.set(
        JAVA_INT,
        0,
        switch (attribute) {
          case MAX_THREADS_PER_BLOCK -> 1024;
          case MAX_DYNAMIC_SHARED_SIZE_BYTES -> of.mostSharedBytes();
          default ->
              throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
                  "attribute %d is not known here".formatted(attribute));
        });
  }

  public void cuFuncSetAttribute(MemorySegment function, int attribute, int value) {
    gpu.context();
    LoadedKernels.Function of = gpu.handles().get(function, LoadedKernels.Function.class);
    if (attribute != MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 || value > MOST_SHARED_BYTES) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
          "attribute %d cannot be set to %d".formatted(attribute, value));
    }
    of.allowSharedBytes(value);
  }

  public void cuLaunchKernel(
      MemorySegment function,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int dynamicSharedBytes,
      MemorySegment stream,
      MemorySegment parameters,
      MemorySegment extra) {
    Context context = gpu.context();
    LoadedKernels.Function of = gpu.handles().get(function, LoadedKernels.Function.class);
    if (extra.address() != 0) {
      throw CudaStatus.CUDA_ERROR_NOT_SUPPORTED.because(
          "%s: arguments in one buffer".formatted(of.kernel().name()));
    }
    Launch launch =
        launch(
            of,
            new Dimensions(gridX, gridY, gridZ),
            new Dimensions(blockX, blockY, blockZ),
            dynamicSharedBytes);
    KernelArguments arguments = arguments(of.kernel(), parameters);
    context.add(
        gpu.stream(stream),
        () ->
            context
                .simulator()
                .launch(of.module().module(), of.kernel().name(), launch, arguments));
  }

  private static Launch launch(
      LoadedKernels.Function function, Dimensions grid, Dimensions block, int sharedBytes) {
    if (sharedBytes > function.mostSharedBytes()) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
          "%s: %d bytes of shared memory; %d are allowed"
              .formatted(function.kernel().name(), sharedBytes, function.mostSharedBytes()));
    }
    try {
      return new Launch(grid, block, sharedBytes);
    } catch (IllegalArgumentException shape) {
      throw CudaStatus.CUDA_ERROR_INVALID_VALUE.because(
          "%s: %s".formatted(function.kernel().name(), shape.getMessage()));
    }
  }

  /** Copies the arguments: their memory is the caller's again when the call returns. */
  private static KernelArguments arguments(PtxKernel kernel, MemorySegment parameters) {
    KernelArguments arguments = new KernelArguments();
    int index = 0;
    for (PtxVariable parameter : kernel.parameters()) {
      MemorySegment value = parameters.getAtIndex(POINTER, index++);
      arguments.add(value.asSlice(0, parameter.bytes()).toArray(JAVA_BYTE));
    }
    return arguments;
  }
}
