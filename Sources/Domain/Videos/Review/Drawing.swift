import Kernel

/// Lines drawn over a picture, in shares of its width and height, so that they fit every size of it.
package struct Drawing: Sendable, Codable, Equatable {
    package struct Stroke: Sendable, Codable, Equatable {
        /// `#rrggbb`.
        package var color: String
        /// Share of the picture's width.
        package var width: Double
        package var points: [Point]

        package init(color: String, width: Double, points: [Point]) {
            self.color = color
            self.width = width
            self.points = points
        }
    }

    /// `[x, y]`, each from 0 to 1.
    package struct Point: Sendable, Equatable {
        package let x: Double
        package let y: Double

        package init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    package var strokes: [Stroke]

    package init(strokes: [Stroke]) { self.strokes = strokes }

    static let maximumStrokes = 100
    static let maximumPoints = 5_000
    static let maximumBytes = 64 << 10
    static let widths = 0.0...0.1

    /// With places rounded to a tenth of a pixel of the largest pictures.
    func validated() throws(Failure) -> Drawing {
        func refused(_ code: String, _ detail: String) -> Failure { .invalid("drawing", code, detail) }
        guard (1...Self.maximumStrokes).contains(strokes.count), strokes.allSatisfy({ !$0.points.isEmpty })
        else {
            throw refused("strokes", "A drawing has 1 to \(Self.maximumStrokes) strokes, none of them empty.")
        }
        guard strokes.reduce(0, { $0 + $1.points.count }) <= Self.maximumPoints else {
            throw refused("too_large", "A drawing has at most \(Self.maximumPoints) points.")
        }
        for stroke in strokes {
            guard stroke.color.wholeMatch(of: /#[0-9a-fA-F]{6}/) != nil else {
                throw refused("color", "A colour looks like #ff8800.")
            }
            guard stroke.width > 0, Self.widths.contains(stroke.width),
                stroke.points.allSatisfy({ (0.0...1.0).contains($0.x) && (0.0...1.0).contains($0.y) })
            else {
                throw refused("out_of_range", "Points lie between 0 and 1, widths up to 0.1 of the picture.")
            }
        }
        let drawing = Drawing(strokes: strokes.map(\.rounded))
        guard let bytes = try? JSON.encode(drawing), bytes.count <= Self.maximumBytes else {
            // Numbers in range always encode; so only the size can be wrong.
            throw refused("too_large", "A drawing has at most \(Self.maximumBytes) bytes.")
        }
        return drawing
    }
}

extension Drawing.Stroke {
    fileprivate var rounded: Drawing.Stroke {
        Drawing.Stroke(
            color: color.lowercased(), width: width.roundedToGrid,
            points: points.map { Drawing.Point($0.x.roundedToGrid, $0.y.roundedToGrid) })
    }
}

extension Double {
    fileprivate var roundedToGrid: Double { (self * 100_000).rounded() / 100_000 }
}

extension Drawing.Point: Codable {
    package init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        self.init(try container.decode(Double.self), try container.decode(Double.self))
        guard container.isAtEnd else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a point is [x, y]")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(x)
        try container.encode(y)
    }
}
