/// The largest picture that is taken, such as `8192x8192`.
package struct PixelLimit: Hashable, Sendable {
    package let width: Int
    package let height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

extension PixelLimit: CustomStringConvertible {
    package var description: String { "\(width)x\(height)" }
}

extension PixelLimit: ProfileValue {
    var printed: PrintedValue { .text(description) }
}
