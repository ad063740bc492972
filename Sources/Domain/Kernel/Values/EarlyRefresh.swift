private import Foundation

/// When a value that is kept for a while is made anew before its end, so that not all who want it find it gone at once.
///
/// The closer the end and the longer the making takes, the likelier it is that one caller goes first (XFetch: Vattani,
/// Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention").
package enum EarlyRefresh {
    /// Whether the caller who drew `chance`, evenly from 0 to 1, is the one. Always at the end and behind it.
    package static func isDue(
        at now: Timestamp, end: Timestamp, making: Duration, eagerness: Double = 1, chance: Double
    ) -> Bool {
        // -ln(0) is infinite: such a draw goes at once.
        let head = making.inSeconds * eagerness * -log(min(1, max(0, chance)))
        return (end - now).inSeconds <= head
    }
}
