//! Enums of the kernel's, out of one list each: variants, numbers, and the names that bpftool prints.

/// A public enum with a number, a name and a constant of `linux/bpf.h` for each variant, and `Unknown` for what is younger.
macro_rules! numbered {
    (
        $(#[$meta:meta])*
        $type:ident: $c_type:literal {
            $($variant:ident = $number:literal, $name:literal, $constant:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[doc(alias = $c_type)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $(#[doc = concat!("`", $constant, "`, ", stringify!($number), ".")] #[doc(alias = $constant)] $variant,)*
            /// A type that is younger than this library, by its number, as `from_raw` made it.
            Unknown(u32),
        }

        impl $type {
            #[doc = concat!("The number in `enum ", $c_type, "`.")]
            pub const fn raw(self) -> u32 {
                match self {
                    $($type::$variant => $number,)*
                    $type::Unknown(number) => number,
                }
            }

            #[doc = concat!("From a number in `enum ", $c_type, "`.")]
            pub const fn from_raw(number: u32) -> $type {
                match number {
                    $($number => $type::$variant,)*
                    other => $type::Unknown(other),
                }
            }

            /// The name that bpftool prints, `unknown` for a type without one.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)*
                    $type::Unknown(_) => "unknown",
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $type::Unknown(number) => write!(f, "{number}"),
                    known => f.write_str(known.name()),
                }
            }
        }
    };
}

pub(crate) use numbered;
