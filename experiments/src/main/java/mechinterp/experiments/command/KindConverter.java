package mechinterp.experiments.command;

import java.util.Arrays;
import java.util.Locale;
import mechinterp.experiments.run.SaeSettings;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Kinds of autoencoders by their names, with - or _ between words, in any case. */
final class KindConverter implements ITypeConverter<SaeSettings.Kind> {
  @Override
  public SaeSettings.Kind convert(String value) {
    return Arrays.stream(SaeSettings.Kind.values())
        .filter(kind -> kind.name().equals(value.toUpperCase(Locale.ROOT).replace('-', '_')))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "expected one of %s (case-insensitive) but was '%s'"
                    .formatted(Arrays.toString(SaeSettings.Kind.values()), value)));
  }
}
