"""Names of types that no checker can look into: JSON as it was read, arrays of any dtype."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

#: A JSON object. Readers convert each value that they take and catch KeyError, TypeError and ValueError.
JsonObject: TypeAlias = dict[str, Any]
#: An array of any dtype.
AnyArray: TypeAlias = NDArray[Any]
#: Arrays by name, as in an `.npz` file.
Arrays: TypeAlias = dict[str, AnyArray]
